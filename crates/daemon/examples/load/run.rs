//! The load: connections that always have so many requests in flight.

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::event::epoll;
use starttls_daemon::socketmap::Listen;

use crate::arguments::Arguments;
use crate::client::{Client, Kinds, frame, next};
use crate::histogram::Histogram;
use crate::process::cpu_nanos;

struct Connection {
    client: Client,
    /// When the requests in flight were sent.
    sent: VecDeque<Instant>,
    /// The beginning of a reply.
    rest: Vec<u8>,
}

/// Requests in the order in which they are asked.
struct Requests {
    frames: Vec<Vec<u8>>,
    asked: usize,
    /// How many there are to be, or until a moment.
    end: End,
}

enum End {
    After(usize),
    At(Instant),
}

impl Requests {
    fn next(&mut self, now: Instant) -> Option<&[u8]> {
        let is_over = match self.end {
            End::After(count) => self.asked >= count,
            End::At(end) => now >= end,
        };
        if is_over {
            return None;
        }
        let frame = &self.frames[self.asked % self.frames.len()];
        self.asked += 1;
        Some(frame)
    }
}

pub(crate) fn run(arguments: &mut Arguments) -> Result<String> {
    let address: Listen = arguments.next()?.parse()?;
    let keys = arguments.text("keys")?;
    let keys = fs::read_to_string(keys).with_context(|| keys.to_owned())?;
    let frames: Vec<_> = keys.lines().map(|key| frame(arguments.map(), key)).collect();
    ensure!(!frames.is_empty(), "no keys");
    let (count, depth) = (arguments.number("connections", 1_usize)?, arguments.number("depth", 1)?);
    let seconds = arguments.number("seconds", 2.0)?;
    let pid: u32 = arguments.number("pid", 0)?;
    let mut connections = Vec::new();
    let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for index in 0..count {
        let client = Client::connect(&address)?;
        client.set_nonblocking()?;
        epoll::add(&queue, &client, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
        connections.push(Connection { client, sent: VecDeque::new(), rest: Vec::new() });
    }
    let cpu = || if pid == 0 { Ok(0) } else { cpu_nanos(pid) };
    let (begin, cpu_before) = (Instant::now(), cpu()?);
    let end = if arguments.has("once") {
        End::After(frames.len())
    } else {
        End::At(begin + Duration::from_secs_f64(seconds))
    };
    let mut requests = Requests { frames, asked: 0, end };
    let (mut times, mut kinds) = (Histogram::new(), Kinds::default());
    drive(&queue, &mut connections, depth, &mut requests, &mut times, &mut kinds)?;
    let (took, used) = (begin.elapsed(), cpu()?.saturating_sub(cpu_before));
    let all = times.all() as f64;
    Ok(format!(
        "rate={:.0} p50={:.1} p99={:.1} p999={:.1} cpu_us={:.2} {kinds}",
        all / took.as_secs_f64(),
        times.of_thousand(500),
        times.of_thousand(990),
        times.of_thousand(999),
        used as f64 / 1000.0 / all,
    ))
}

fn drive(
    queue: &impl std::os::fd::AsFd,
    connections: &mut [Connection],
    depth: usize,
    requests: &mut Requests,
    times: &mut Histogram,
    kinds: &mut Kinds,
) -> Result<()> {
    let (mut input, mut output) = (vec![0; 1 << 18], Vec::new());
    let mut open = 0;
    for connection in &mut *connections {
        output.clear();
        let now = Instant::now();
        while connection.sent.len() < depth
            && let Some(request) = requests.next(now)
        {
            output.extend_from_slice(request);
            connection.sent.push_back(now);
            open += 1;
        }
        connection.client.write(&output).context("sending")?;
    }
    let mut events = Vec::with_capacity(256);
    let patience = rustix::event::Timespec { tv_sec: 120, tv_nsec: 0 };
    while open > 0 {
        events.clear();
        epoll::wait(queue, rustix::buffer::spare_capacity(&mut events), Some(&patience))?;
        ensure!(!events.is_empty(), "no reply for two minutes; {open} requests are open");
        for event in &events {
            let connection = &mut connections[event.data.u64() as usize];
            let kept = connection.rest.len();
            input[..kept].copy_from_slice(&connection.rest);
            let length = match connection.client.read(&mut input[kept..]) {
                Ok(0) => bail!("closed with {} requests open", connection.sent.len()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                read => kept + read.context("reading")?,
            };
            let now = Instant::now();
            let mut at = 0;
            output.clear();
            while let Some((start, end)) = next(&input[at..length])? {
                kinds.add(&input[at + start..at + end])?;
                at += end + 1;
                times.add(now - connection.sent.pop_front().context("a reply that nobody asked for")?);
                open -= 1;
                if let Some(request) = requests.next(now) {
                    output.extend_from_slice(request);
                    connection.sent.push_back(now);
                    open += 1;
                }
            }
            connection.rest.clear();
            connection.rest.extend_from_slice(&input[at..length]);
            if !output.is_empty() {
                connection.client.write(&output).context("sending")?;
            }
        }
    }
    Ok(())
}
