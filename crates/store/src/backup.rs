//! Backups of files, taken while they are in use.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::database::{Database, Kind};
use crate::error::StoreError;
use crate::value::Value;

impl Database {
    /// Writes a whole, compact copy to a file that must not exist yet, for its owner alone. It appears when it is complete.
    ///
    /// # Errors
    /// [`StoreError::BackupOfServer`] for PostgreSQL; else whatever hinders writing. No half copy stays behind.
    pub async fn backup_to(&self, path: &Path) -> Result<(), StoreError> {
        let Kind::Sqlite(file) = &self.0 else { return Err(StoreError::BackupOfServer) };
        let failed = |source| StoreError::File { path: path.to_owned(), source };
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = Path::new(&name);
        let remove = |_: &StoreError| drop(std::fs::remove_file(part));
        // SQLite writes into an empty file, so that nobody else can read the copy while it grows.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(part).map_err(failed)?;
        file.copy_into(part).await.inspect_err(remove)?;
        // A link, unlike a rename, replaces nothing.
        File::open(part)
            .and_then(|copy| copy.sync_all())
            .and_then(|()| std::fs::hard_link(part, path))
            .map_err(failed)
            .inspect_err(remove)?;
        std::fs::remove_file(part).map_err(failed)
    }
}

impl crate::database::SqliteFile {
    async fn copy_into(&self, path: &Path) -> Result<(), StoreError> {
        let text = path.to_string_lossy();
        let arguments = crate::value::for_sqlite(&[Value::Text(&text)])?;
        // On the writing connection: the reading one refuses to write, whatever the file.
        let mut connection = self.writer.acquire().await.map_err(StoreError::Statement)?;
        sqlx::query_with("VACUUM INTO $1", arguments)
            .execute(&mut *connection)
            .await
            .map(drop)
            .map_err(StoreError::Statement)
    }
}
