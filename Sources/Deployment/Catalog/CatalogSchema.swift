// The tables of `catalog.sqlite`, as in Docs/Formats/catalog.md. What is written once is kept so by triggers.

enum CatalogSchema {
    /// "SLCT": an SQLite file that is a catalog.
    static let applicationID = 0x534C_4354

    /// Each brings the schema from its index to the next version. A released one is never changed.
    static let migrations = [first, second]

    static var version: Int { migrations.count }

    private static let first =
        tables
        + appendOnly.map { table in
            """
            CREATE TRIGGER \(table)_stays BEFORE UPDATE ON \(table)
              BEGIN SELECT RAISE(ABORT, 'rows of \(table) are never changed'); END;
            CREATE TRIGGER \(table)_keeps BEFORE DELETE ON \(table)
              BEGIN SELECT RAISE(ABORT, 'rows of \(table) are never deleted'); END;

            """
        }.joined()

    private static let second = "ALTER TABLE versions ADD COLUMN memory_bytes INTEGER"

    private static let appendOnly = ["versions", "version_plan", "version_settings", "transitions", "audits"]

    private static let tables = """
        CREATE TABLE jobs (
          name TEXT PRIMARY KEY NOT NULL,
          created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE versions (
          job TEXT NOT NULL REFERENCES jobs(name),
          number INTEGER NOT NULL CHECK (number > 0),
          sql TEXT NOT NULL,
          file_name TEXT NOT NULL,
          engine_version TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          start_mode TEXT NOT NULL CHECK (start_mode IN ('beginning', 'now', 'resume', 'savepoint')),
          savepoint_path TEXT CHECK ((savepoint_path IS NULL) = (start_mode <> 'savepoint')),
          max_lag_ms INTEGER NOT NULL,
          guard_ms INTEGER NOT NULL,
          keep_ms INTEGER NOT NULL,
          cutover_timeout_ms INTEGER NOT NULL,
          live_latency_ms INTEGER,
          promotion TEXT NOT NULL CHECK (promotion IN ('manual', 'automatic')),
          audit_folder TEXT,
          PRIMARY KEY (job, number)
        ) STRICT;

        CREATE TABLE version_plan (
          job TEXT NOT NULL,
          number INTEGER NOT NULL,
          position INTEGER NOT NULL,
          line TEXT NOT NULL,
          PRIMARY KEY (job, number, position),
          FOREIGN KEY (job, number) REFERENCES versions(job, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE version_settings (
          job TEXT NOT NULL,
          number INTEGER NOT NULL,
          position INTEGER NOT NULL,
          key TEXT NOT NULL,
          value TEXT NOT NULL,
          PRIMARY KEY (job, number, position),
          FOREIGN KEY (job, number) REFERENCES versions(job, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE workers (
          job TEXT NOT NULL,
          number INTEGER NOT NULL,
          wanted TEXT NOT NULL CHECK (wanted IN ('running', 'stopped', 'retired')),
          changed_at INTEGER NOT NULL,
          PRIMARY KEY (job, number),
          FOREIGN KEY (job, number) REFERENCES versions(job, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE transitions (
          sequence INTEGER PRIMARY KEY AUTOINCREMENT,
          job TEXT NOT NULL,
          number INTEGER NOT NULL,
          at INTEGER NOT NULL,
          from_state TEXT,
          to_state TEXT NOT NULL,
          reason TEXT NOT NULL,
          author TEXT NOT NULL CHECK (author IN ('user', 'server', 'journal')),
          command TEXT CHECK ((command IS NULL) = (author <> 'user')),
          journal_position INTEGER,
          FOREIGN KEY (job, number) REFERENCES versions(job, number)
        ) STRICT;
        CREATE INDEX transitions_of_version ON transitions(job, number, sequence);

        CREATE TABLE audits (
          sequence INTEGER PRIMARY KEY AUTOINCREMENT,
          job TEXT NOT NULL,
          old_number INTEGER NOT NULL,
          new_number INTEGER NOT NULL,
          old_position INTEGER NOT NULL,
          new_position INTEGER NOT NULL,
          verdict TEXT NOT NULL CHECK (verdict IN ('PASS', 'WARN', 'FAIL')),
          report_text TEXT NOT NULL,
          report_json TEXT NOT NULL,
          at INTEGER NOT NULL,
          author TEXT NOT NULL CHECK (author IN ('user', 'server', 'journal')),
          command TEXT CHECK ((command IS NULL) = (author <> 'user')),
          FOREIGN KEY (job, old_number) REFERENCES versions(job, number),
          FOREIGN KEY (job, new_number) REFERENCES versions(job, number)
        ) STRICT;
        CREATE INDEX audits_of_version ON audits(job, new_number, sequence);

        CREATE TABLE worker_exits (
          sequence INTEGER PRIMARY KEY AUTOINCREMENT,
          job TEXT NOT NULL,
          number INTEGER NOT NULL,
          at INTEGER NOT NULL,
          ending TEXT NOT NULL CHECK (ending IN ('exit', 'signal', 'unseen', 'not started')),
          code INTEGER NOT NULL,
          last_lines TEXT NOT NULL,
          FOREIGN KEY (job, number) REFERENCES versions(job, number)
        ) STRICT;
        CREATE INDEX worker_exits_of_version ON worker_exits(job, number, sequence);

        """
}
