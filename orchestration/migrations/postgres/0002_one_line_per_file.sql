-- A number belongs to one line of the ledger and to one row of the quarantine, and the same bytes
-- are loaded once: a step that outlived its run cannot load a file beside its successor.
set local role loader;

alter table ops.files add primary key (file_id);
create unique index files_loaded_once on ops.files (source, entity, sha256) where state = 'loaded';
alter table ops.quarantine add primary key (quarantine_id);
create index quarantine_of_file on ops.quarantine (file_id);
