CREATE TABLE pipeline_schema (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT pipeline_schema_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE pipeline_definition (
    name VARCHAR(255) NOT NULL, 
    revision INTEGER NOT NULL, 
    active BOOLEAN DEFAULT 1 NOT NULL, 
    description TEXT NOT NULL, 
    tags TEXT NOT NULL, 
    created_at VARCHAR(27) NOT NULL, 
    updated_at VARCHAR(27) NOT NULL, 
    PRIMARY KEY (name)
);

CREATE TABLE pipeline_definition_revision (
    name VARCHAR(255) NOT NULL, 
    revision INTEGER NOT NULL, 
    format VARCHAR(4) NOT NULL, 
    document TEXT NOT NULL, 
    sha256 VARCHAR(64) NOT NULL, 
    author VARCHAR(255) NOT NULL, 
    created_at VARCHAR(27) NOT NULL, 
    PRIMARY KEY (name, revision)
);

CREATE TABLE pipeline_channel (
    name VARCHAR(255) NOT NULL, 
    driver VARCHAR(64) NOT NULL, 
    options TEXT NOT NULL, 
    active BOOLEAN DEFAULT 1 NOT NULL, 
    created_at VARCHAR(27) NOT NULL, 
    updated_at VARCHAR(27) NOT NULL, 
    PRIMARY KEY (name)
);

CREATE TABLE pipeline_run (
    run_id VARCHAR(36) NOT NULL, 
    series VARCHAR(64) NOT NULL, 
    trace_id TEXT NOT NULL, 
    definition VARCHAR(255) NOT NULL, 
    definition_version INTEGER NOT NULL, 
    definition_source TEXT NOT NULL, 
    definition_sha256 VARCHAR(64) NOT NULL, 
    environment VARCHAR(255) NOT NULL, 
    source TEXT NOT NULL, 
    status VARCHAR(16) NOT NULL, 
    verdict VARCHAR(16) NOT NULL, 
    exit_code INTEGER NOT NULL, 
    started_at VARCHAR(27) NOT NULL, 
    finished_at VARCHAR(27) NOT NULL, 
    duration_ms DOUBLE NOT NULL, 
    findings INTEGER NOT NULL, 
    error TEXT NOT NULL, 
    bytes INTEGER NOT NULL, 
    document TEXT NOT NULL, 
    PRIMARY KEY (run_id)
);

CREATE INDEX pipeline_run_started ON pipeline_run (started_at);

CREATE INDEX pipeline_run_series ON pipeline_run (series, started_at);

CREATE INDEX pipeline_run_definition ON pipeline_run (definition, started_at);

CREATE INDEX pipeline_run_environment ON pipeline_run (environment, started_at);

CREATE INDEX pipeline_run_verdict ON pipeline_run (verdict, started_at);

CREATE INDEX pipeline_run_exit_code ON pipeline_run (exit_code, started_at);

CREATE TABLE pipeline_series (
    series VARCHAR(64) NOT NULL, 
    definition VARCHAR(255) NOT NULL, 
    environment VARCHAR(255) NOT NULL, 
    touched_at VARCHAR(27) NOT NULL, 
    runs INTEGER NOT NULL, 
    bytes BIGINT NOT NULL, 
    PRIMARY KEY (series)
);

CREATE TABLE pipeline_finding (
    series VARCHAR(64) NOT NULL, 
    fingerprint VARCHAR(64) NOT NULL, 
    node TEXT NOT NULL, 
    check_name TEXT NOT NULL, 
    subject TEXT NOT NULL, 
    verdict VARCHAR(16) NOT NULL, 
    since VARCHAR(27) NOT NULL, 
    runs INTEGER NOT NULL, 
    run_id VARCHAR(36) NOT NULL, 
    PRIMARY KEY (series, fingerprint)
);

CREATE TABLE pipeline_said (
    series VARCHAR(64) NOT NULL, 
    node VARCHAR(255) NOT NULL, 
    fingerprint VARCHAR(64) NOT NULL, 
    source TEXT NOT NULL, 
    check_name TEXT NOT NULL, 
    subject TEXT NOT NULL, 
    identity TEXT NOT NULL, 
    verdict VARCHAR(16) NOT NULL, 
    said_at VARCHAR(27) NOT NULL, 
    run_id VARCHAR(36) NOT NULL, 
    claim VARCHAR(16) NOT NULL, 
    claim_run_id VARCHAR(36) NOT NULL, 
    claim_until VARCHAR(27) NOT NULL, 
    PRIMARY KEY (series, node, fingerprint)
);

INSERT INTO pipeline_schema (version_num) VALUES ('0001') RETURNING version_num;

