-- Holdings as upstream's quotaholder keeps them: what is sure to be used, and what may become it.
create table quotaholder_app_holding (
    holder text, resource text, usage_min bigint not null default 0,
    usage_max bigint not null default 0, primary key (holder, resource));
create table quotaholder_app_commission (
    serial serial primary key, name text, component text, provisions jsonb,
    issue_datetime timestamptz default now());
-- The quota of each accepted user, whose only project is the user's own.
create view quota as select r.uuid, r.id, r.name, r.unit, r.api_visible, c.name component,
    r.capacity "limit", coalesce(usage_max, 0) usage,
    json_build_object('limit', r.capacity, 'project_limit', r.capacity,
        'usage', coalesce(usage_max, 0), 'project_usage', coalesce(usage_max, 0),
        'pending', coalesce(usage_max - usage_min, 0),
        'project_pending', coalesce(usage_max - usage_min, 0)) body
    from own_capacity r join im_service s on s.name = r.service_origin join im_component c on c.id = s.component_id
    left join quotaholder_app_holding h on holder = r.uuid and h.resource = r.name;
create view quota_of as
    select uuid, component, json_object_agg(name, body order by id) body from quota
    group by uuid, component;
