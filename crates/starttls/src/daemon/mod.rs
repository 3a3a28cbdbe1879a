//! The daemon, put together: sockets, sandbox, engine, upkeep, and what people and machines see of it.
//!
//! ```text
//! settings ─► sockets (ours, or systemd's) ─► sandbox ─► Learned ─┐
//!                                             Standing (lists) ───┼─► Engine ─► socketmap, on a thread of its own
//!                                             Live (DNS, HTTPS) ──┘     └─► status, control, watchdog
//! ```
//!
//! What each part does is in `starttls-daemon`; here nothing is decided.

mod alone;
mod control;
mod forgetting;
mod keeper;
mod logs;
mod mark;
pub(crate) mod parts;
mod resolvers;
mod signals;
mod standing;
mod state_dir;
mod system;
mod tallies;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use starttls_daemon::activation::{Activated, Activation};
use starttls_daemon::engine::{Clock, Engine, Parts};
use starttls_daemon::learned::Learned;
use starttls_daemon::operations::{
    Connections, Health, Journal, Metrics, Notifier, Snapshot, StatusServer, View, watch,
};
use starttls_daemon::socketmap::{self, Limits, Listener, Traffic};
use starttls_discover::Live;
use tokio::runtime::{Builder, Handle};

use crate::clock;
use crate::settings::{Settings, SettingsArgs};
use alone::Alone;
use control::Control;
use keeper::Keeper;
use signals::Signals;
use standing::Standing;
use state_dir::{Files, StateDirectory};
use system::SystemFiles;
use tallies::Tallies;

/// How long the first proof of the resolver is waited for before we say that we are ready: look-ups are answered meanwhile.
const FIRST_PROOF: Duration = Duration::from_secs(2);

/// The engine with what it really runs on.
type RealEngine = Engine<Live, Standing, Learned>;

/// Runs until it is stopped.
///
/// # Errors
/// When it cannot start; once it serves, it goes on with what it has.
pub(crate) fn run(settings: Settings, place: &SettingsArgs) -> anyhow::Result<()> {
    logs::start(settings.daemon.log_format.value);
    // Everything that has a name in the file system, or is handed over, before threads and sandbox.
    let notifier = Notifier::from_env().context("the service manager cannot be told")?;
    let mut activation = Activation::from_environment()?;
    let listeners = listeners(&settings, &mut activation)?;
    for name in activation.left() {
        tracing::warn!(
            "systemd handed over a socket `{name}` that nothing is served on; name it `socketmap`"
        );
    }
    parts::make_directories(&settings);
    parts::become_owner(&settings)?;
    let _alone = Alone::in_directory(settings.state_dir())?;
    let sandbox: Arc<str> = parts::enter_sandbox(&settings, place).into();
    tracing::info!("sandbox: {sandbox}");
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(4).build()?;
    let served = runtime.block_on(serve(settings, place, listeners, notifier, sandbox));
    // A fetch that hangs must not keep us.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

fn listeners(settings: &Settings, activation: &mut Activation) -> anyhow::Result<Vec<Listener>> {
    let handed_over = activation.take("socketmap");
    if !handed_over.is_empty() {
        let listen = |socket| match socket {
            Activated::Tcp(socket) => Listener::tcp(socket),
            Activated::Unix(socket) => Listener::unix(socket),
            _ => Err(std::io::Error::other("a socket of an unknown kind was handed over")),
        };
        return handed_over.into_iter().map(|socket| Ok(listen(socket)?)).collect();
    }
    let mode = settings.daemon.socket_mode.value.0;
    settings.daemon.listen.value.iter().map(|listen| Ok(Listener::bind(listen, mode)?)).collect()
}

async fn serve(
    settings: Settings,
    place: &SettingsArgs,
    listeners: Vec<Listener>,
    notifier: Notifier,
    sandbox: Arc<str>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let signals = Signals::take_over();
    let health = Arc::new(Health::default());
    let (metrics, journal, traffic) = <(Arc<Metrics>, Arc<Journal>, Arc<Traffic>)>::default();
    let learned = parts::learned(&settings).await?;
    let counts = Tallies::default();
    let standing = Standing::new(&settings, clock::now());
    let live = parts::live(&settings);
    let engine = Arc::new(Engine::start(
        Parts {
            discovering: live.clone(),
            known: standing.clone(),
            memory: learned.clone(),
            settings: parts::engine(&settings),
            clock: Clock::system(),
            metrics: Arc::clone(&metrics),
            journal: Arc::clone(&journal),
            renderer: parts::renderer(&settings)?,
            anchors: parts::anchors(&settings),
        },
        &Handle::current(),
    ));
    let control = control::Door::new(&settings);
    let system = SystemFiles::open(live, Arc::clone(&engine), &settings.daemon).await;
    let files = if sandbox.starts_with("files held") { Files::Held } else { Files::Free };
    let state_directory = StateDirectory::new(settings.state_dir(), files);
    let troubles = troubles(&standing, &learned, &control, &system, &state_directory);
    let keeper = Keeper::new(place, settings.clone(), standing, system.clone());
    keeper.fetch_first().await;
    let places: Vec<_> = listeners.iter().map(|listener| listener.listen().clone()).collect();
    let mut serving = socketmap::serve(
        listeners,
        Arc::clone(&engine),
        Handle::current(),
        Limits::default(),
        Arc::clone(&traffic),
    )?;
    for place in &places {
        tracing::info!("answering mail servers at {place}");
    }
    let view = View {
        metrics,
        journal,
        health: Arc::clone(&health),
        snapshot: snapshot(&engine, &learned, counts.clone(), &traffic, begun, troubles),
        now: Arc::new(clock::now),
        sandbox,
    };
    let status = settings.daemon.status_address.value;
    let _status = status.map(|address| StatusServer::start(address, view.clone())).transpose()?;
    let controlled = Arc::new(Control::new(Arc::clone(&engine), learned.clone(), keeper.clone(), view));
    control.serve(controlled);
    tokio::spawn(keeper.clone().look());
    tokio::spawn(system.follow());
    tokio::spawn(state_directory.follow());
    tokio::spawn(keeper.clone().fetch());
    tokio::spawn(forgetting::forget_ended(learned.clone()));
    if tokio::time::timeout(FIRST_PROOF, engine.first_proof()).await.is_err() {
        tracing::warn!("the resolver does not answer; look-ups that need it wait");
    }
    // Only now: it takes longer than the first answers from what was learnt before.
    counts.keep_counting(&learned);
    notifier.ready(&format!(
        "answering at {}",
        places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    ));
    let check = || parts::look_up(places.first());
    let stopped = signals.until_stopped(&keeper, &notifier);
    tokio::select! {
        () = stopped => tracing::info!("stopping"),
        () = serving.ended() => anyhow::bail!("the thread that answers mail servers has ended"),
        () = watch(&notifier, &health, check) => {}
    }
    notifier.stopping();
    serving.stop_handle().stop();
    serving.ended().await;
    learned.close().await;
    Ok(())
}

/// Everything that the daemon has to do without at the moment, in words.
fn troubles(
    standing: &Standing,
    learned: &Learned,
    control: &control::Door,
    system: &SystemFiles,
    state_directory: &StateDirectory,
) -> impl Fn() -> Vec<String> + Send + Sync + 'static {
    let (standing, learned, control) = (standing.clone(), learned.clone(), control.clone());
    let (system, state_directory) = (system.clone(), state_directory.clone());
    move || {
        let of_files = system.troubles();
        // First: it explains the others.
        state_directory
            .trouble()
            .into_iter()
            .chain(standing.troubles())
            .chain(learned.trouble())
            .chain(learned.clock_trouble(clock::now()))
            .chain(learned.shared_trouble())
            .chain(control.trouble())
            .chain(of_files)
            .collect()
    }
}

/// The numbers of the moment, gathered when somebody looks.
fn snapshot(
    engine: &Arc<RealEngine>,
    learned: &Learned,
    counts: Tallies,
    traffic: &Arc<Traffic>,
    begun: Instant,
    troubles: impl Fn() -> Vec<String> + Send + Sync + 'static,
) -> Arc<dyn Fn() -> Snapshot + Send + Sync> {
    use starttls_daemon::Known as _;
    use std::sync::atomic::Ordering::Relaxed;
    let (engine, learned, traffic) = (Arc::clone(engine), learned.clone(), Arc::clone(traffic));
    Arc::new(move || {
        let fill = engine.fill();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (shared_store, shared_store_cause) = parts::shared_store(&learned);
        Snapshot {
            uptime: begun.elapsed(),
            hot_entries: count(fill.hot_entries),
            hot_bytes: fill.hot_bytes,
            in_flight: count(fill.in_flight),
            waiting: count(fill.waiting),
            learned: counts.last(),
            shared_store,
            shared_store_cause,
            shared_troubles: learned.shared_troubles(),
            validation: engine.validation().name(),
            denial: engine.denial().name(),
            lookups: engine.lookups(),
            sources: engine.known().sources(),
            troubles: troubles(),
            connections: Connections {
                open: traffic.open.load(Relaxed),
                accepted: traffic.accepted.load(Relaxed),
                shed: traffic.shed.load(Relaxed),
                expired: traffic.expired.load(Relaxed),
                malformed: traffic.malformed.load(Relaxed),
                unknown_map: traffic.unknown_map.load(Relaxed),
                unanswered: traffic.unanswered.load(Relaxed),
            },
        }
    })
}
