-- A number belongs to one line of the ledger and to one row of the quarantine.
create unique index files_number on ops.files (file_id);
create unique index quarantine_number on ops.quarantine (quarantine_id);
