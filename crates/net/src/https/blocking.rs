//! The client for those who wait.

use std::error::Error;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::{
    AsyncClient, Chance, ClientError, ClientSettings, Download, Downloaded, FetchError, MirrorFailures,
    Request, Response,
};

/// Fetches over HTTPS and returns when it is done. Not to be called from within an asynchronous task: that is what
/// [`AsyncClient`] is for.
#[derive(Debug)]
pub struct Client {
    client: AsyncClient,
    /// Always there but while it is dropped.
    runtime: Option<Runtime>,
}

impl Client {
    /// Reads the roots and, if the settings say so, the environment's proxy.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let client = AsyncClient::new(settings)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| ClientError::Runtime { source })?;
        Ok(Self { client, runtime: Some(runtime) })
    }

    /// Fetches a body into memory.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        self.wait(self.client.fetch(request))
    }

    /// Fetches a body into a file; see [`AsyncClient::download`].
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn download(&self, download: &Download) -> Result<Downloaded, FetchError> {
        self.wait(self.client.download(download))
    }

    /// Fetches from the first mirror whose answer is accepted; see [`AsyncClient::fetch_any`].
    ///
    /// # Errors
    /// [`MirrorFailures`].
    pub fn fetch_any<T, E: Error>(
        &self,
        mirrors: &[Request],
        chance: &mut dyn Chance,
        total: Duration,
        accept: impl FnMut(&Request, Response) -> Result<T, E>,
    ) -> Result<T, MirrorFailures<E>> {
        self.wait(self.client.fetch_any(mirrors, chance, total, accept))
    }

    /// Downloads from the first mirror whose answer is accepted; see [`AsyncClient::download_any`].
    ///
    /// # Errors
    /// [`MirrorFailures`].
    pub fn download_any<T, E: Error>(
        &self,
        mirrors: &[Download],
        chance: &mut dyn Chance,
        total: Duration,
        accept: impl FnMut(&Download, Downloaded) -> Result<T, E>,
    ) -> Result<T, MirrorFailures<E>> {
        self.wait(self.client.download_any(mirrors, chance, total, accept))
    }

    #[expect(clippy::expect_used, reason = "only `drop` takes the runtime away")]
    fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.as_ref().expect("there until dropped").block_on(future)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A name look-up that hangs runs on a thread that cannot be stopped; the end of a plain runtime waits for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
