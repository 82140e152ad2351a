-- Lines of a file, counted apart from its rows. Empty for files that were loaded before.
alter table ops.files add column physical_lines bigint;
alter table ops.files add column continuation_lines bigint;
alter table ops.files add column blank_lines bigint;

-- The first holder of a card was known by the card alone, and is known by card and day of registration now: whoever is
-- the first holder as the upgrade begins keeps the golden key, also if an earlier one arrives with the next exports.
set variable first_holders = (
    select
        case
            when count(*) = 0 then 'select null as card_key, null as created_date where false'
            else 'select card_key, created_date from unified.unified_card_holders where is_first_holder'
        end
    from information_schema.tables
    where
        table_catalog = current_database()
        and table_schema = 'unified'
        and table_name = 'unified_card_holders'
);
insert into ops.golden_keys
select
    given.customer_key,
    'cashmere:' || holders.card_key || ':' || cast(holders.created_date as varchar),
    'moved',
    null,
    (select max(publication_number) from ops.golden_keys)
from ops.golden_keys as given
inner join query(getvariable('first_holders')) as holders
    on given.anchor_source_customer_key = 'cashmere:' || holders.card_key
where given.event = 'given';
reset variable first_holders;

-- Which record a quarantined row is of, and which version, where both can be read from it: a later row that loads closes
-- it. Empty for rows that were quarantined before.
alter table ops.quarantine add column key_hash varchar;
alter table ops.quarantine add column row_version varchar;
