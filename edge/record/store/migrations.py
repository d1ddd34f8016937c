"""The tables, as the steps that lead from one version of the record to the next."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE session (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started TEXT NOT NULL,
            specimen TEXT NOT NULL, operator TEXT NOT NULL, note TEXT NOT NULL,
            camera TEXT NOT NULL, simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
            model TEXT NOT NULL, model_sha256 TEXT NOT NULL, runtime TEXT NOT NULL,
            um_per_px REAL CHECK (um_per_px > 0), settings TEXT NOT NULL,
            hemocam_version TEXT NOT NULL, hostname TEXT NOT NULL,
            counted INTEGER NOT NULL DEFAULT 0 CHECK (counted >= 0),
            duplicate INTEGER NOT NULL DEFAULT 0 CHECK (duplicate >= 0),
            rejected INTEGER NOT NULL DEFAULT 0 CHECK (rejected >= 0),
            dropped INTEGER NOT NULL DEFAULT 0 CHECK (dropped >= 0),
            failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
            finished TEXT, finish_reason TEXT,
            CHECK ((finished IS NULL) = (finish_reason IS NULL)))""",
        """CREATE TABLE rejection (
            session_id TEXT NOT NULL REFERENCES session (id), reason TEXT NOT NULL,
            frames INTEGER NOT NULL CHECK (frames >= 0), PRIMARY KEY (session_id, reason)) WITHOUT ROWID""",
        """CREATE TABLE slide (
            id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session (id), number INTEGER NOT NULL,
            name TEXT NOT NULL, started TEXT NOT NULL, UNIQUE (session_id, number))""",
        """CREATE TABLE field (
            id INTEGER PRIMARY KEY, slide_id INTEGER NOT NULL REFERENCES slide (id), number INTEGER NOT NULL,
            sequence INTEGER NOT NULL, wall_time TEXT NOT NULL, monotonic_s REAL NOT NULL, image TEXT,
            width_px INTEGER NOT NULL, height_px INTEGER NOT NULL, um_per_px REAL,
            cell_diameter_px REAL NOT NULL, cell_diameter_spread REAL NOT NULL, cell_diameter_source TEXT NOT NULL,
            border_rule TEXT NOT NULL, focus REAL, latency_ms REAL NOT NULL, UNIQUE (slide_id, number))""",
        # `counted` repeats what the cells say, so that a slide's total costs a row a field and not a row a cell.
        """CREATE TABLE field_class (
            field_id INTEGER NOT NULL REFERENCES field (id), cell_class TEXT NOT NULL, method TEXT NOT NULL,
            counted INTEGER NOT NULL CHECK (counted >= 0), disagreement REAL, by_method TEXT NOT NULL,
            PRIMARY KEY (field_id, cell_class)) WITHOUT ROWID""",
        """CREATE TABLE cell (
            id INTEGER PRIMARY KEY, field_id INTEGER NOT NULL, cell_class TEXT NOT NULL,
            x REAL NOT NULL, y REAL NOT NULL, diameter_px REAL NOT NULL, area_px REAL NOT NULL,
            confidence REAL NOT NULL, border INTEGER NOT NULL CHECK (border IN (0, 1)),
            diameter_um REAL, outline BLOB NOT NULL,
            FOREIGN KEY (field_id, cell_class) REFERENCES field_class (field_id, cell_class))""",
        "CREATE INDEX cell_of_field ON cell (field_id, cell_class)",
    ),
    (
        "ALTER TABLE session ADD COLUMN boot_id TEXT",
        "ALTER TABLE session ADD COLUMN clock_trusted INTEGER CHECK (clock_trusted IN (0, 1))",
        "ALTER TABLE slide ADD COLUMN specimen TEXT NOT NULL DEFAULT ''",
        # Repeats what its fields say, so that a commit costs the same with 10 fields on the slide and with 100,000.
        "ALTER TABLE slide ADD COLUMN counted INTEGER NOT NULL DEFAULT 0 CHECK (counted >= 0)",
        "ALTER TABLE field ADD COLUMN engine TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE field ADD COLUMN calibration TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE field ADD COLUMN clock_trusted INTEGER CHECK (clock_trusted IN (0, 1))",
        "ALTER TABLE field ADD COLUMN undone TEXT",
        "ALTER TABLE field ADD COLUMN image_dropped TEXT",
        "ALTER TABLE field_class ADD COLUMN lost INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0)",
        # Beside the field and not in it: some 10 kB each, which no list of fields wants to read.
        "CREATE TABLE field_view (field_id INTEGER PRIMARY KEY REFERENCES field (id), view BLOB NOT NULL)",
        """CREATE TABLE slide_class (
            slide_id INTEGER NOT NULL REFERENCES slide (id), cell_class TEXT NOT NULL,
            fields INTEGER NOT NULL CHECK (fields >= 0), counted INTEGER NOT NULL CHECK (counted >= 0),
            PRIMARY KEY (slide_id, cell_class)) WITHOUT ROWID""",
        """CREATE TABLE note (
            id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session (id),
            slide_id INTEGER REFERENCES slide (id), field_id INTEGER REFERENCES field (id),
            written TEXT NOT NULL, text TEXT NOT NULL)""",
        """CREATE TABLE event (
            id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session (id), at TEXT NOT NULL,
            monotonic_s REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, jump_s REAL, after_field INTEGER)""",
        "CREATE INDEX note_of_session ON note (session_id)",
        "CREATE INDEX event_of_session ON event (session_id)",
        # Version 1 knew one specimen a session and one engine a session.
        "UPDATE slide SET specimen = coalesce((SELECT specimen FROM session WHERE session.id = session_id), '')",
        """UPDATE field SET engine = coalesce(
            (SELECT runtime FROM session JOIN slide ON session.id = session_id WHERE slide.id = slide_id), '')""",
        "UPDATE slide SET counted = (SELECT count(*) FROM field WHERE slide_id = slide.id)",
        """INSERT INTO slide_class SELECT slide_id, cell_class, count(*), sum(field_class.counted)
            FROM field_class JOIN field ON field.id = field_id GROUP BY slide_id, cell_class""",
    ),
    (
        # What speaks against the field's count, as a JSON list of sentences, and the area of its counting frame.
        "ALTER TABLE field ADD COLUMN marks TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE field ADD COLUMN frame_area_px REAL",
        # The count's 95 % interval, and the cells in the counting frame; unknown of older fields.
        "ALTER TABLE field_class ADD COLUMN low INTEGER CHECK (low >= 0)",
        "ALTER TABLE field_class ADD COLUMN high INTEGER CHECK (high >= 0)",
        "ALTER TABLE field_class ADD COLUMN in_frame INTEGER CHECK (in_frame >= 0)",
    ),
    # Where the frame came from: a picture's path, a device, an address without its password.
    ("ALTER TABLE field ADD COLUMN source TEXT NOT NULL DEFAULT ''",),
    (
        # What kind of its class a cell is ("unsure" where the classifier could not say), NULL where nothing looked at it.
        "ALTER TABLE cell ADD COLUMN type TEXT",
        "ALTER TABLE cell ADD COLUMN type_probability REAL",
        # What named the field's cells, '' where nothing did.
        "ALTER TABLE field ADD COLUMN classifier TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX typed_cell ON cell (field_id, cell_class, type) WHERE type IS NOT NULL",
    ),
)
