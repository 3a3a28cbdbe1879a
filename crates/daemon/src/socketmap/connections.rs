//! All connections: who is to be closed for a new one, and whose deadline has passed.

use super::Limits;
use super::connection::Connection;
use super::turn::State;

/// Beyond the time for an answer, in milliseconds: who finds it out tells that it is over, unless nothing runs there any more.
const SLACK: u64 = 5000;

/// Connections, each by a number that was never another's.
#[derive(Debug, Default)]
pub(super) struct Connections {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    /// Counts the connections that had this place.
    generation: u32,
    connection: Option<Connection>,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The number that the next connection will have.
    pub(super) fn next_number(&mut self) -> u64 {
        if self.free.is_empty() {
            // There are fewer than files, which are numbered with 31 bits.
            self.free.extend(u32::try_from(self.slots.len()));
            self.slots.push(Slot { generation: 0, connection: None });
        }
        let index = self.free.last().copied().unwrap_or_default();
        number(index, self.slots.get(index as usize).map_or(0, |slot| slot.generation.wrapping_add(1)))
    }

    /// Takes a connection in, at the number that was told last.
    pub(super) fn add(&mut self, connection: Connection) {
        if let Some(index) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            slot.generation = slot.generation.wrapping_add(1);
            slot.connection = Some(connection);
        }
    }

    pub(super) fn get(&mut self, number: u64) -> Option<&mut Connection> {
        let (index, generation) = parts(number);
        let slot = self.slots.get_mut(index as usize).filter(|slot| slot.generation == generation)?;
        slot.connection.as_mut()
    }

    /// Takes a connection out; it closes when what is returned goes.
    pub(super) fn remove(&mut self, number: u64) -> Option<Connection> {
        self.get(number)?;
        let (index, _) = parts(number);
        let gone = self.slots.get_mut(index as usize)?.connection.take();
        self.free.push(index);
        gone
    }

    /// The connection that was longest without use; one that waits for an answer only if all do.
    pub(super) fn longest_unused(&self) -> Option<u64> {
        self.all().min_by_key(|(_, connection)| connection.rank()).map(|(number, _)| number)
    }

    /// The connections in a state of these.
    pub(super) fn in_states(&self, states: &[State]) -> Vec<u64> {
        self.all()
            .filter(|(_, connection)| states.contains(&connection.state()))
            .map(|(number, _)| number)
            .collect()
    }

    /// The connections whose deadline has passed, `now` in milliseconds since the start.
    pub(super) fn due(&self, now: u64, limits: &Limits) -> Vec<u64> {
        let millis = |limit: std::time::Duration| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let [idle, request, unread, answer] =
            [limits.idle, limits.request, limits.unread, limits.answer].map(millis);
        let is_due = |connection: &Connection| {
            let limit = match connection.state() {
                State::Idle => idle,
                State::Request => request,
                State::Unread => unread,
                State::Waiting => answer.saturating_add(SLACK),
            };
            now.saturating_sub(connection.since()) >= limit
        };
        self.all().filter(|(_, connection)| is_due(connection)).map(|(number, _)| number).collect()
    }

    fn all(&self) -> impl Iterator<Item = (u64, &Connection)> {
        (0_u32..)
            .zip(&self.slots)
            .filter_map(|(index, slot)| Some((number(index, slot.generation), slot.connection.as_ref()?)))
    }
}

fn number(index: u32, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(index)
}

fn parts(number: u64) -> (u32, u32) {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
    let parts = (number as u32, (number >> 32) as u32);
    parts
}

#[cfg(test)]
mod numbers {
    use std::os::fd::OwnedFd;

    use super::*;
    use crate::socketmap::turn::Moment;

    fn connection(order: u64) -> Connection {
        let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
        Connection::new(OwnedFd::from(socket), Moment { tick: 0, order })
    }

    fn add(connections: &mut Connections, order: u64) -> u64 {
        let number = connections.next_number();
        connections.add(connection(order));
        number
    }

    #[test]
    fn are_never_given_twice_but_places_are() {
        let mut connections = Connections::default();
        let first = add(&mut connections, 1);
        assert!(connections.remove(first).is_some());
        let second = add(&mut connections, 2);
        assert_ne!(first, second);
        assert!(connections.get(first).is_none());
        assert!(connections.remove(first).is_none());
        assert!(connections.get(second).is_some());
        assert_eq!((connections.len(), connections.slots.len()), (1, 1));
    }

    #[test]
    fn number_that_was_told_and_not_used_is_told_again() {
        let mut connections = Connections::default();
        let told = connections.next_number();
        assert_eq!((connections.next_number(), connections.len()), (told, 0));
        assert_eq!(add(&mut connections, 1), told);
        assert!(connections.get(told).is_some());
    }

    #[test]
    fn longest_unused_is_the_first_of_the_order() {
        let mut connections = Connections::default();
        assert_eq!(connections.longest_unused(), None);
        let numbers: Vec<_> = [3, 1, 2].map(|order| add(&mut connections, order)).into();
        assert_eq!(connections.longest_unused(), Some(numbers[1]));
    }

    #[test]
    fn due_are_those_whose_state_has_lasted_too_long() {
        let mut connections = Connections::default();
        let number = add(&mut connections, 1);
        let limits = Limits { idle: std::time::Duration::from_secs(2), ..Limits::default() };
        assert!(connections.due(1999, &limits).is_empty());
        assert_eq!(connections.due(2000, &limits), [number]);
    }
}
