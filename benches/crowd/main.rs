//! Many clients at once: what each of them costs, and how fast messages fan out to all.
//!
//! `cargo bench --bench crowd` prints the curve for 10 to 10,000 clients of `wspipe listen --broadcast`, and, where there is
//! one (`WEBSOCAT1`, or on the search path), the same for websocat 1's `broadcast:`. Numbers of clients as arguments ask for
//! those instead. All clients are one thread of this process, which takes its share of the same processors.
//!
//! Two fan-outs are timed. In the one, a client sends messages one behind the other, as fast as they are taken. In the other,
//! no more than 8 are on their way at a time, since websocat drops what is more than 16. Every byte that is due is awaited.

#![expect(clippy::cast_precision_loss, reason = "figures for people to read")]

#[cfg(target_os = "linux")]
mod clients;
#[cfg(target_os = "linux")]
mod server;

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("nothing measured: what a process costs is asked of Linux");
}

#[cfg(target_os = "linux")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|each| each == "--bench") || cfg!(debug_assertions) && std::env::var_os("WSPIPE").is_none()
    {
        // `cargo test --all-targets` comes by here, with arguments of its own.
        println!("nothing measured: run it as `cargo bench --bench crowd`");
        return;
    }
    wspipe::net::raise_descriptor_limit();
    let asked: Vec<usize> = arguments.iter().filter_map(|each| each.parse().ok()).collect();
    let numbers = if asked.is_empty() { vec![10, 100, 1000, 10_000] } else { asked };
    println!(
        "{:11} {:>7} {:>8} {:>8} {:>12} {:>12} {:>11}",
        "", "clients", "KiB each", "idle CPU", "at once", "8 at a time", "a message"
    );
    println!(
        "{:11} {:>7} {:>8} {:>8} {:>12} {:>12} {:>11}",
        "", "", "", "µs/s each", "messages/s", "messages/s", "µs, median"
    );
    for clients in numbers {
        let results = server::Name::ALL.map(|name| (name, measure(name, clients)));
        for (name, result) in &results {
            match result {
                Ok(Some(row)) => println!("{:11} {clients:7} {row}", name.label()),
                Ok(None) => {}
                Err(error) => println!("{:11} {clients:7} {error}", name.label()),
            }
        }
        if let [(_, Ok(Some(ours))), (_, Ok(Some(theirs)))] = results {
            println!(
                "{:11} {:>7} {:>8.2} {:>8} {:>12} {:>12.1}",
                "",
                "ratio",
                ours.memory / theirs.memory,
                "",
                "",
                ours.window / theirs.window
            );
        }
    }
}

/// What was measured with so many clients.
#[cfg(target_os = "linux")]
struct Row {
    /// Resident memory and page tables for each client, in KiB.
    memory: f64,
    /// Processor time for each client that does nothing, in microseconds a second.
    idle: f64,
    /// Messages that came, a second, all clients together; none where some were lost.
    burst: Option<f64>,
    window: f64,
    /// From sending one message until everybody has it, in microseconds.
    one: f64,
}

#[cfg(target_os = "linux")]
impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let burst = self.burst.map_or("loses some".to_owned(), |rate| format!("{rate:.0}"));
        let Row { memory, idle, window, one, .. } = self;
        write!(f, "{memory:8.1} {idle:8.2} {burst:>12} {window:12.0} {one:11.0}")
    }
}

/// Measures a program; none where it is not here.
#[cfg(target_os = "linux")]
fn measure(name: server::Name, number: usize) -> std::io::Result<Option<Row>> {
    use std::time::Duration;

    /// How many messages come, all clients together, in each of the fan-outs.
    const WINDOW: usize = 200_000;
    let all_at_once = match name {
        server::Name::Wspipe => 4_000_000,
        // It takes as long for so many.
        server::Name::Websocat1 => 200_000,
    };

    let Some(server) = server::Server::start(name)? else { return Ok(None) };
    let empty = server.memory()?;
    let mut clients = clients::Clients::connect(server.port(), number)?;
    // Whoever comes last has come when everybody gets what is said.
    clients.fan_out(1, 1)?;
    std::thread::sleep(Duration::from_millis(500));
    let memory = (server.memory()? - empty) / 1024.0 / number as f64;
    let before = server.processor_time()?;
    std::thread::sleep(Duration::from_secs(1));
    let idle = server.processor_time()?.saturating_sub(before).as_secs_f64() * 1e6 / number as f64;
    let rate = |messages: usize, time: Duration| (messages * number) as f64 / time.as_secs_f64();
    let messages = (WINDOW / number).clamp(20, 2000);
    let window = rate(messages, clients.fan_out(messages, 8)?);
    let mut single: Vec<_> = (0..9).map(|_| clients.fan_out(1, 1)).collect::<Result<_, _>>()?;
    single.sort_unstable();
    let messages = (all_at_once / number).clamp(20, 100_000);
    let burst = clients.fan_out(messages, usize::MAX).ok().map(|time| rate(messages, time));
    Ok(Some(Row { memory, idle, burst, window, one: single[4].as_secs_f64() * 1e6 }))
}
