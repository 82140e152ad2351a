-- The tables beside dbt's, as the first habitue made them. A warehouse from before versions has
-- them already, and gets only its version. Raw tables follow their contracts and have no version.
create schema if not exists ops;
create schema if not exists raw;

create table if not exists ops.schema_version (
    version integer primary key,
    step varchar not null,
    habitue varchar not null,
    applied_at timestamp not null
);

create table if not exists ops.pseudonym_keys (
    fingerprint varchar not null,
    recorded_at timestamp not null
);

create table if not exists ops.files (
    file_id bigint not null,
    source varchar not null,
    entity varchar not null,
    file_name varchar not null,
    sha256 varchar,
    bytes bigint,
    changed_ns bigint,
    exported_at timestamp,
    rows_seen bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    rows_exact_duplicate bigint not null,
    state varchar not null,
    reason_code varchar,
    reason varchar,
    drift_columns varchar,
    warnings varchar,
    run_id varchar not null,
    recorded_at timestamp not null
);

create table if not exists ops.quarantine (
    quarantine_id bigint not null,
    file_id bigint not null,
    source varchar not null,
    entity varchar not null,
    file_name varchar not null,
    line_no bigint not null,
    reason_code varchar not null,
    column_name varchar,
    message varchar not null,
    value_hash varchar,
    encrypted_row varchar,
    state varchar not null,
    recorded_at timestamp not null,
    expires_at timestamp not null
);

create table if not exists ops.golden_keys (
    customer_key varchar,
    anchor_source_customer_key varchar,
    event varchar,
    merged_into varchar,
    publication_number bigint
);
