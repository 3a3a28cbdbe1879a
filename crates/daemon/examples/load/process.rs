//! What a process has used, as the kernel counts it.

use std::fs;

use anyhow::{Context as _, Result};

/// CPU time of all threads in nanoseconds.
///
/// Threads that have ended count with the clock's coarse ticks only, so the larger of both figures is taken.
pub(crate) fn cpu_nanos(pid: u32) -> Result<u64> {
    let mut threads = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).context("the process is gone")? {
        let path = thread?.path().join("schedstat");
        // One that ended meanwhile is counted below.
        let text = fs::read_to_string(path).unwrap_or_default();
        threads += text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0);
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // proc_pid_stat(5): fields 14 and 15, counted behind the name, which may hold blanks.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|&index| fields.get(index)?.parse::<u64>().ok()).sum();
    // A tick is 10 ms wherever Linux shows it (USER_HZ); one may be missing.
    Ok(threads.max((ticks * 10_000_000).saturating_sub(20_000_000)))
}

/// Memory of its own, and all that is resident.
pub(crate) fn memory(pid: u32) -> Result<String> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("the process is gone")?;
    let line = |name: &str| {
        let found = rollup.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
        found.unwrap_or("0").trim().to_owned()
    };
    Ok(format!("anonymous_kb={} rss_kb={}", line("Anonymous:"), line("Rss:")))
}
