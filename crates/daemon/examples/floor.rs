//! The floor under a socketmap server: one thread, one epoll, the same reply to each request, and no other thought.
//!
//! Usage: floor ADDRESS [REPLY]
//!
//! What a server costs beyond this is what its answers cost. benches/daemon.sh compares.
#![expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "a measuring tool")]

use std::env;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use anyhow::{Context as _, Result, ensure};
use rustix::event::epoll;

const REPLY: &str = "OK secure match=mx.example.org servername=hostname";

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().context("usage: floor ADDRESS [REPLY]")?;
    let reply = arguments.next().unwrap_or_else(|| REPLY.to_owned());
    let reply = format!("{}:{reply},", reply.len()).into_bytes();
    let listener = TcpListener::bind(address)?;
    rustix::net::listen(&listener, 1024)?;
    listener.set_nonblocking(true)?;
    println!("listening {}", listener.local_addr()?);
    let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&queue, &listener, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
    let mut clients: Vec<Option<(TcpStream, Vec<u8>)>> = vec![None];
    let mut events = Vec::with_capacity(256);
    let (mut input, mut output) = (vec![0; 65_536], Vec::new());
    loop {
        events.clear();
        epoll::wait(&queue, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let index = event.data.u64() as usize;
            if index == 0 {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    stream.set_nonblocking(true)?;
                    let free = clients.iter().skip(1).position(Option::is_none).map(|free| free + 1);
                    let index = free.unwrap_or(clients.len());
                    epoll::add(
                        &queue,
                        &stream,
                        epoll::EventData::new_u64(index as u64),
                        epoll::EventFlags::IN,
                    )?;
                    if index == clients.len() {
                        clients.push(None);
                    }
                    clients[index] = Some((stream, Vec::new()));
                }
            } else if let Some((stream, rest)) = &mut clients[index]
                && serve(stream, rest, &mut input, &mut output, &reply).is_err()
            {
                clients[index] = None;
            }
        }
    }
}

fn serve(
    stream: &mut TcpStream,
    rest: &mut Vec<u8>,
    input: &mut [u8],
    output: &mut Vec<u8>,
    reply: &[u8],
) -> Result<()> {
    let kept = rest.len();
    input[..kept].copy_from_slice(rest);
    let length = match stream.read(&mut input[kept..]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
        read => kept + read?,
    };
    ensure!(length > kept, "closed");
    output.clear();
    let mut at = 0;
    while let Some(end) = request_end(&input[at..length])? {
        at += end;
        output.extend_from_slice(reply);
    }
    rest.clear();
    rest.extend_from_slice(&input[at..length]);
    // Nobody who measures leaves so many replies unread that this would block.
    Ok(stream.write_all(output)?)
}

/// Where the first netstring ends, if it has all come.
fn request_end(input: &[u8]) -> Result<Option<usize>> {
    let mut length = 0;
    for (index, byte) in input.iter().take(7).enumerate() {
        if *byte == b':' {
            let end = index + 1 + length + 1;
            return Ok((end <= input.len()).then_some(end));
        }
        ensure!(byte.is_ascii_digit(), "no netstring");
        length = length * 10 + usize::from(byte - b'0');
    }
    Ok(None)
}
