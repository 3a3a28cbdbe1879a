CREATE TABLE learned_policies (
    domain TEXT NOT NULL PRIMARY KEY,
    mode TEXT NOT NULL,
    mx TEXT NOT NULL,
    id TEXT NOT NULL,
    fetched BIGINT NOT NULL,
    max_age BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    node TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX learned_policies_by_end ON learned_policies (mode, ends, domain);
CREATE INDEX learned_policies_by_confirmation ON learned_policies (confirmed, domain, ends);

CREATE TABLE learned_releases (
    domain TEXT NOT NULL PRIMARY KEY,
    mode TEXT NOT NULL,
    released BIGINT NOT NULL,
    node TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX learned_releases_by_age ON learned_releases (released);

CREATE TABLE learned_dane (
    domain TEXT NOT NULL PRIMARY KEY,
    ends BIGINT NOT NULL,
    node TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX learned_dane_by_end ON learned_dane (ends);

CREATE TABLE learned_to_verify (
    domain TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    noted BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX learned_to_verify_by_age ON learned_to_verify (noted);
