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
-- Issue a commission: what is taken counts at once, what is given back when it is accepted. The only
-- project is the user's own and holds the same, so what is said of it is not counted.
create function hold(provisions jsonb, positive boolean, sign integer, lower boolean) returns void
language sql as $$
    insert into quotaholder_app_holding as h (holder, resource, usage_min, usage_max)
    select substr(p->>'holder', 6), p->>'resource', case when lower then q else 0 end,
    case when lower then 0 else q end from jsonb_array_elements(provisions) p,
    lateral (select sign * (p->>'quantity')::bigint q) n
    where p->>'holder' like 'user:%' and ((p->>'quantity')::bigint > 0) = positive
    on conflict (holder, resource) do update set usage_min = h.usage_min + excluded.usage_min,
    usage_max = h.usage_max + excluded.usage_max $$;
create function resolve_commission(number bigint, accept boolean) returns boolean
language plpgsql as $$ declare found_ jsonb; begin
    delete from quotaholder_app_commission where serial = number returning provisions into found_;
    if found_ is null then return false; end if;
    perform hold(found_, true, case when accept then 1 else -1 end, accept);
    perform hold(found_, false, case when accept then 1 else -1 end, not accept);
    return true; end $$;
create function commission(component_ text, sent jsonb) returns json language plpgsql as $$
declare p jsonb; number integer; held record; begin
    for p in select * from jsonb_array_elements(sent->'provisions') where value->>'holder' like 'user:%' loop
        select "limit", usage into held from quota
        where uuid = substr(p->>'holder', 6) and name = p->>'resource';
        if not found then raise 'There is no % for %: run service-import', p->>'resource', p->>'holder'
            using errcode = 'HT404'; end if;
        if (p->>'quantity')::bigint > 0 and not coalesce((sent->>'force')::boolean, false)
            and held.usage + (p->>'quantity')::bigint > held.limit then
            raise '% has not enough capacity of %.', p->>'holder', p->>'resource' using
            errcode = 'HT413', detail = json_build_object('data', json_build_object(
            'usage', held.usage, 'limit', held.limit, 'name', 'NoCapacityError', 'provision', p));
        end if;
    end loop;
    perform hold(sent->'provisions', true, 1, false), hold(sent->'provisions', false, 1, true);
    insert into quotaholder_app_commission (name, component, provisions)
    values (sent->>'name', component_, sent->'provisions') returning serial into number;
    if (sent->>'auto_accept')::boolean then perform resolve_commission(number, true); end if;
    return json_build_object('serial', number); end $$;
