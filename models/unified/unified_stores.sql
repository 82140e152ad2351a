with web_stores as (
    select * from {{ ref('stg_magento__store') }}
),

physical_stores as (
    select * from {{ ref('stg_cashmere__stores') }}
),

web_documents as (
    select store_id from {{ ref('stg_magento__sales_order') }}
    union all
    select store_id from {{ ref('stg_magento__sales_creditmemo') }}
),

tickets as (
    select * from {{ ref('stg_cashmere__tickets') }}
),

known as (
    select
        'magento' as source_system,
        store_id as source_store_id,
        'web' as channel,
        store_name,
        store_code,
        null as city,
        null as postcode,
        country,
        null as region,
        time_zone,
        null as opened_date,
        null as closed_date,
        false as is_inferred
    from web_stores
    union all
    select
        'cashmere' as source_system,
        store_code as source_store_id,
        'store' as channel,
        store_name,
        store_code,
        city,
        postcode,
        country,
        region,
        time_zone,
        opened_date,
        closed_date,
        false as is_inferred
    from physical_stores
),

-- A store that sales name but no export describes keeps its sales; it gets a row with nothing but
-- its key.
named_by_sales as (
    select distinct
        'magento' as source_system,
        store_id as source_store_id,
        'web' as channel
    from web_documents
    where store_id is not null
    union
    select distinct
        'cashmere' as source_system,
        store_code as source_store_id,
        'store' as channel
    from tickets
    where store_code is not null
),

all_stores as (
    select * from known
    union all
    select
        named_by_sales.source_system,
        named_by_sales.source_store_id,
        named_by_sales.channel,
        'unknown store ' || named_by_sales.source_store_id as store_name,
        named_by_sales.source_store_id as store_code,
        null as city,
        null as postcode,
        null as country,
        null as region,
        null as time_zone,
        null as opened_date,
        null as closed_date,
        true as is_inferred
    from named_by_sales
    left join known
        on
            named_by_sales.source_system = known.source_system
            and named_by_sales.source_store_id = known.source_store_id
    where known.source_store_id is null
),

final as (
    select
        cast(source_system || ':' || source_store_id as {{ dbt.type_string() }}) as store_key,
        cast(source_system as {{ dbt.type_string() }}) as source_system,
        cast(source_store_id as {{ dbt.type_string() }}) as source_store_id,
        cast(channel as {{ dbt.type_string() }}) as channel,
        cast(store_code as {{ dbt.type_string() }}) as store_code,
        cast(store_name as {{ dbt.type_string() }}) as store_name,
        cast(city as {{ dbt.type_string() }}) as city,
        cast(postcode as {{ dbt.type_string() }}) as postcode,
        cast(country as {{ dbt.type_string() }}) as country,
        cast(region as {{ dbt.type_string() }}) as region,
        cast(
            coalesce(time_zone, '{{ var("project_time_zone") }}') as {{ dbt.type_string() }}
        ) as time_zone,
        cast(opened_date as date) as opened_date,
        cast(closed_date as date) as closed_date,
        is_inferred
    from all_stores
)

select * from final
