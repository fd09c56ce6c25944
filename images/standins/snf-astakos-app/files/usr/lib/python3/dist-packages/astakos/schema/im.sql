create table im_astakosuser (
    user_ptr_id integer primary key references auth_user on delete cascade,
    uuid varchar(255) unique not null, auth_token varchar(64) unique not null,
    auth_token_created timestamptz not null default now(), auth_token_expires timestamptz,
    email_verified boolean not null default false, moderated boolean not null default false,
    is_rejected boolean not null default false, updated timestamptz not null default now());
create table im_component (
    id serial primary key, name varchar(255) unique not null, url text, base_url text,
    auth_token varchar(64) unique not null, auth_token_created timestamptz default now());
create table im_service (
    id serial primary key, component_id integer not null references im_component on delete cascade,
    name varchar(255) unique not null, type varchar(255) not null, public_url text, version text);
-- The biggest number is no limit at all.
create table im_resource (
    id serial primary key, name varchar(255) unique not null, "desc" text, unit varchar(255),
    service_type varchar(255), service_origin varchar(255),
    system_default bigint default 9223372036854775807,
    project_default bigint default 9223372036854775807, api_visible boolean, ui_visible boolean);
-- A quantity as commands print it: bytes in a unit, with three digits or one after the point.
create function shown(quantity bigint, unit text, style text) returns text stable language sql as $$
    select case when style = 'none' then quantity::text
    when quantity = 9223372036854775807 then 'inf'
    when unit is distinct from 'bytes' then quantity::text
    else (select trim(to_char(n, case when n < 1 then '0.000' when n < 10 then 'FM999990.00'
        else 'FM999999990.0' end)) || ' ' || upper(style)
        from (select quantity / 1024.0 ^ position(left(style, 1) in 'kmgt') n) x) end $$;
create view catalog as select json_agg(json_build_object('name', s.name, 'type', type,
    'endpoints_links', '[]'::json, 'endpoints', json_build_array(
    json_build_object('publicURL', public_url, 'versionId', version, 'region', 'default',
        'SNF:uiURL', c.url)::jsonb ||
    case type when 'astakos_weblogin'
        then jsonb_build_object('SNF:webloginURL', public_url) else '{}' end)) order by s.id) body
    from im_service s join im_component c on c.id = component_id;
-- What commands and pages show of a user.
create view im_user as select u.*, a.*, first_name || ' ' || last_name realname, is_active active,
    array(select name from auth_group g join auth_user_groups m on g.id = m.group_id
          where m.user_id = u.id) as groups,
    not email_verified pending_verification,
    email_verified and not moderated pending_moderation,
    case when not email_verified then 'Pending email verification'
         when not moderated then 'Pending moderation' else 'Accepted/Active (manually accepted)' end status
    from auth_user u join im_astakosuser a on a.user_ptr_id = u.id;
-- What a user was given when accepted; later defaults are for later users.
create table im_projectresourcequota (
    uuid varchar(255), resource varchar(255), capacity bigint, primary key (uuid, resource));
create view own_capacity as select u.uuid, r.*, coalesce(capacity, system_default) capacity
    from im_astakosuser u cross join im_resource r
    left join im_projectresourcequota q on q.uuid = u.uuid and q.resource = r.name where moderated;
-- The project that everybody has alone.
create view own_project as select uuid, json_build_object('id', uuid, 'name', 'system:' || uuid,
    'description', 'system project for user ' || username, 'owner', null, 'state', 'active',
    'creation_date', date_joined, 'end_date', date_joined + interval '100 years', 'homepage', '',
    'join_policy', 'closed', 'leave_policy', 'closed', 'max_members', 1, 'private', true,
    'system_project', true, 'resources', (select json_object_agg(name, json_build_object(
    'project_capacity', capacity, 'member_capacity', capacity))
    from own_capacity c where c.uuid = u.uuid and api_visible)) body,
    json_build_object('id', user_ptr_id, 'project', uuid, 'user', uuid, 'state', 'accepted',
    'accepted', date_joined, 'allowed_actions', '[]'::json) membership
    from im_user u where moderated;
-- What the cloudbar shows of each component with pages.
create view cloudbar as select n, json_build_object('name', c.name, 'url', c.url,
    'verbose_name', initcap(c.name), 'order', n, 'cloudbar',
    json_build_object('show', c.name <> 'astakos', 'title', c.name), 'dashboard',
    json_build_object('show', true, 'order', d, 'description', text)) body
    from im_component c join (values
    ('astakos', 1, 3, 'Access the dashboard from the top right corner of your screen. Here you can '
    'manage your profile, see the usage of your resources and manage projects to share virtual '
    'resources with colleagues.'),
    ('pithos', 2, 1, 'Pithos is the File Storage service. Click to start uploading and managing '
    'your files on the cloud.'),
    ('cyclades', 3, 2, 'Cyclades is the Compute and Network Service. Click to start creating '
    'Virtual Machines and connect them to arbitrary Networks.')) v (name, n, d, text) using (name)
    where c.url is not null;
