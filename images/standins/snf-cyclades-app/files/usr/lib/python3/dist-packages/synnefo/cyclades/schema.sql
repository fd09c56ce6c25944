create table db_backend (
    id serial primary key, clustername varchar(128) unique not null, port integer not null,
    username varchar(64) not null, password_hash varchar(255) not null,
    hypervisor varchar(32) not null, drained boolean not null default true,
    offline boolean not null default false, disk_templates text[]);
create table db_volumetype (
    id serial primary key, name varchar(255), disk_template varchar(32),
    deleted boolean not null default false);
create table db_flavor (
    id serial primary key, cpu integer, ram integer, disk integer,
    volume_type_id integer references db_volumetype, allow_create boolean default true,
    deleted boolean default false, unique (cpu, ram, disk, volume_type_id));
create table db_network (
    id serial primary key, name varchar(128) not null, userid varchar(128),
    public boolean not null default false, flavor varchar(32), mode varchar(16), link varchar(32),
    mac_prefix varchar(32), tags text, floating_ip_pool boolean not null default false,
    drained boolean not null default false, deleted boolean not null default false,
    state varchar(32) default 'ACTIVE', action varchar(32) default 'CREATE',
    created timestamptz default now(), updated timestamptz default now());
create table db_subnet (
    id serial primary key, network_id integer references db_network, userid text,
    name text not null default '', cidr cidr not null, gateway inet, dhcp boolean not null default true,
    deleted boolean not null default false);
create table db_backendnetwork (
    network_id integer references db_network, backend_id integer references db_backend,
    operstate varchar(30) default 'PENDING', backendjobid integer, backendopcode varchar(64),
    backendjobstatus varchar(30), backendtime timestamptz default 'epoch',
    deleted boolean not null default false, primary key (network_id, backend_id));
create table db_pooltable (
    id serial primary key, type varchar(16) unique, base varchar(32), size integer, "offset" integer,
    used integer default 0);
create table db_virtualmachine (
    id serial primary key, name varchar(255), userid varchar(100), imageid varchar(100),
    flavor_id integer references db_flavor, backend_id integer references db_backend,
    operstate varchar(30) default 'BUILD', buildpercentage integer default 0, task text,
    task_job_id integer, serial integer, backendjobid integer, backendopcode text,
    backendjobstatus text, backendtime timestamptz default 'epoch', metadata jsonb default '{}',
    deleted boolean default false, created timestamptz default now(),
    updated timestamptz default now());
create table db_volume (
    id serial primary key, machine_id integer references db_virtualmachine, userid text,
    size integer, volume_type_id integer references db_volumetype, imageid text,
    status text default 'CREATING', deleted boolean default false, created timestamptz default now());
create table db_networkinterface (
    id serial primary key, machine_id integer references db_virtualmachine, userid text,
    network_id integer references db_network, name text not null default '', mac text,
    state text default 'BUILD', created timestamptz default now(), updated timestamptz default now());
create table db_ipaddress (
    id serial primary key, address inet not null, network_id integer references db_network,
    subnet_id integer references db_subnet, userid text, floating_ip boolean not null default false,
    nic_id integer references db_networkinterface on delete set null,
    deleted boolean not null default false, created timestamptz default now());
create unique index on db_ipaddress (address, network_id) where not deleted;
create view db_flavor_shown as select f.id, cpu, ram, disk, volume_type_id volume_type,
    disk_template, disk_template as template, allow_create, (select count(*) from db_virtualmachine m
    where m.flavor_id = f.id and not m.deleted) vms,
    format('C%sR%sD%s%s', cpu, ram, disk, disk_template) as name
    from db_flavor f join db_volumetype v on v.id = volume_type_id where not f.deleted;
-- What the machines of each user take, as quota counts it.
create view db_usage as select userid, sum(vm) "cyclades.vm", sum(total_cpu) "cyclades.total_cpu",
    sum(cpu) "cyclades.cpu", sum(total_ram)::bigint * 1048576 "cyclades.total_ram",
    sum(ram)::bigint * 1048576 "cyclades.ram", sum(disk)::bigint * 1073741824 "cyclades.disk",
    sum(ips) "cyclades.floating_ip", sum(networks) "cyclades.network.private" from (
    select v.userid, 1 vm, cpu total_cpu, ram total_ram, disk, 0 ips, 0 networks,
    case operstate when 'STOPPED' then 0 else cpu end cpu,
    case operstate when 'STOPPED' then 0 else ram end ram
    from db_virtualmachine v join db_flavor f on f.id = flavor_id where not v.deleted
    union all select userid, 0, 0, 0, 0, 1, 0, 0, 0 from db_ipaddress where floating_ip and not deleted
    union all select userid, 0, 0, 0, 0, 0, 1, 0, 0 from db_network
    where not public and userid is not null and not deleted) taken group by userid;
create view db_machine as select v.*, cpu, ram, disk, clustername, port, username, password_hash,
    case when v.deleted then 'DELETED' else coalesce((array['ACTIVE', 'REBOOT', 'STOPPED'])
        [array_position(array['STARTED', 'REBOOT', 'STOPPED'], operstate::text)], operstate) end status
    from db_virtualmachine v left join db_flavor f on f.id = flavor_id
    left join db_backend b on b.id = backend_id;
create view db_subnet_shown as select id "ID", name "Name", 4 "Version", cidr "CIDR",
    host(gateway) "Gateway", dhcp "DHCP", deleted "Deleted", network_id from db_subnet;
create view db_backendnetwork_shown as select network_id, clustername "Backend",
    operstate "State", d.deleted "Deleted", backendjobid "JobID", backendopcode "Opcode",
    backendjobstatus "JobStatus" from db_backendnetwork d join db_backend b on b.id = backend_id;
-- Addresses of a network: all but its own, its gateway's and the broadcast's; and those left.
create view db_network_addresses as select n.id,
    coalesce(2 ^ (32 - masklen(cidr)) - 3, 0)::bigint total,
    coalesce(2 ^ (32 - masklen(cidr)) - 3, 0)::bigint - (select count(*) from db_ipaddress i
    where i.network_id = n.id and not i.deleted) free
    from db_network n left join db_subnet s on s.network_id = n.id;
create view db_network_shown as select id, name, null "backend-name", state, coalesce(userid, 'None') userid,
    'None' username, public, floating_ip_pool, public external_router, drained,
    mac_prefix "MAC prefix", flavor, link, mode, deleted, tags, action, free "free IPs",
    total "total IPs" from db_network join db_network_addresses using (id);
create function free_address(network integer) returns inet stable language sql as $$
    select a from db_subnet s, generate_series(1, (2 ^ (32 - masklen(cidr)))::integer - 2) i,
    lateral (select set_masklen(cidr::inet, 32) + i a) x
    where network_id = network and a is distinct from set_masklen(gateway, 32) and a not in (
    select address from db_ipaddress where network_id = network and not deleted)
    order by a limit 1 $$;
create function iso(at timestamptz) returns text stable language sql as
    $$ select to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.USOF:00') $$;
create function link(kind text, id text, rel text) returns json stable language sql as $$
    select json_build_object('rel', rel, 'href',
    current_setting('standin.base') || '/' || kind || '/' || id) $$;
create function links(kind text, id text) returns json stable language sql as
    $$ select json_build_array(link(kind, id, 'self'), link(kind, id, 'bookmark')) $$;
create view api_flavor as select id, json_build_object('id', id, 'name', name, 'links',
    links('compute/v2.0/flavors', id::text)) short, json_build_object('id', id, 'name', name,
    'links', links('compute/v2.0/flavors', id::text), 'ram', ram, 'disk', disk, 'vcpus', cpu,
    'SNF:disk_template', disk_template, 'SNF:volume_type', volume_type,
    'SNF:allow_create', allow_create) body from db_flavor_shown;
create view api_network as select id, userid, public, deleted, json_build_object('id', id::text,
    'name', name, 'links', links('network/v2.0/networks', id::text), 'status', state,
    'router:external', public, 'created', iso(created), 'updated', iso(updated), 'user_id', userid,
    'tenant_id', userid, 'deleted', deleted, 'admin_state_up', true, 'public', public,
    'SNF:floating_ip_pool', floating_ip_pool, 'shared', public, 'type', flavor, 'subnets',
    array(select s.id::text from db_subnet s where network_id = n.id and not s.deleted)) body
    from db_network n;
create view api_subnet as select s.id, n.userid, public, network_id, json_build_object(
    'id', s.id::text, 'name', s.name, 'links', links('network/v2.0/subnets', s.id::text),
    'deleted', s.deleted, 'host_routes', '[]'::json, 'dns_nameservers', '[]'::json, 'cidr', cidr,
    'user_id', s.userid, 'tenant_id', s.userid, 'enable_dhcp', dhcp, 'network_id', network_id::text,
    'gateway_ip', host(gateway), 'ip_version', 4, 'public', public, 'allocation_pools',
    json_build_array(json_build_object('start', host(set_masklen(cidr::inet, 32) + 2), 'end',
    host(broadcast(cidr) - 1)))) body
    from db_subnet s join db_network n on n.id = network_id where not n.deleted;
create view api_floatingip as select i.id, i.userid, json_build_object('id', i.id::text,
    'instance_id', machine_id::text, 'port_id', nic_id::text, 'deleted', deleted,
    'floating_network_id', i.network_id::text, 'fixed_ip_address', null,
    'floating_ip_address', host(address), 'tenant_id', i.userid, 'user_id', i.userid) body
    from db_ipaddress i left join db_networkinterface p on p.id = nic_id
    where floating_ip and not deleted;
create view api_port as select id, userid, json_build_object('id', id::text, 'name', name,
    'links', links('network/v2.0/ports', id::text), 'status', state, 'user_id', userid,
    'tenant_id', userid, 'created', iso(created), 'updated', iso(updated), 'admin_state_up', true,
    'network_id', network_id::text, 'device_owner', 'vm', 'device_id', machine_id::text,
    'mac_address', mac, 'security_groups', '[]'::json, 'fixed_ips', array(select json_build_object(
    'subnet', subnet_id::text, 'ip_address', host(address)) from db_ipaddress where nic_id = p.id))
    body from db_networkinterface p;
create view api_volume as select v.id, v.userid, v.machine_id, json_build_object('id', v.id::text,
    'display_name', null, 'links', links('volume/v2.0/volumes', v.id::text)) short,
    json_build_object('id', v.id::text, 'display_name', null, 'links',
    links('volume/v2.0/volumes', v.id::text), 'status', lower(v.status), 'deleted', v.deleted,
    'source_volid', null, 'snapshot_id', null, 'image_id', v.imageid, 'volume_type', volume_type_id,
    'user_id', v.userid, 'tenant_id', v.userid, 'size', size, 'created_at', iso(v.created),
    'display_description', null, 'delete_on_termination', true, 'metadata', '{}'::json,
    'attachments', json_build_array(json_build_object('server_id', v.machine_id, 'device_index', 0,
    'volume_id', v.id))) body from db_volume v where not deleted;
create view api_nic as select machine_id, p.id, p.network_id, host(address) address,
    case when floating_ip then 'floating' else 'fixed' end kind, json_build_object('id', p.id,
    'network_id', p.network_id::text, 'mac_address', mac, 'ipv4', host(address), 'ipv6', '',
    'OS-EXT-IPS:type', case when floating_ip then 'floating' else 'fixed' end)::jsonb
    || case when public then '{"firewallProfile": "DISABLED"}' else '{}' end body
    from db_networkinterface p join db_network n on n.id = p.network_id
    left join db_ipaddress i on nic_id = p.id where p.state = 'ACTIVE';
create view api_server as select id, userid, deleted, status, json_build_object('id', id, 'name', name,
    'links', links('compute/v2.0/servers', id::text)) short, jsonb_build_object('id', id, 'name', name,
    'links', links('compute/v2.0/servers', id::text), 'status', status, 'user_id', userid,
    'tenant_id', userid, 'created', iso(created), 'updated', iso(updated), 'deleted', deleted,
    'suspended', false, 'hostId', '', 'accessIPv4', '', 'accessIPv6', '', 'config_drive', '',
    'key_name', null, 'progress', case status when 'BUILD' then buildpercentage else 100 end,
    'security_groups', json_build_array(json_build_object('name', 'default')),
    'SNF:fqdn', format('snf-%s.vm.example.synnefo.org', id), 'SNF:port_forwarding', '{}'::json,
    'SNF:task_state', case task when 'BUILD' then 'BUILDING' when 'DESTROY' then 'DESTROYING'
    else coalesce(task, '') end, 'diagnostics', '[]'::json, 'metadata', metadata,
    'flavor', json_build_object('id', flavor_id,
        'links', links('compute/v2.0/flavors', flavor_id::text)),
    'image', json_build_object('id', imageid, 'links', json_build_array(
        link('compute/v2.0/images', imageid, 'self'), link('compute/v2.0/images', imageid, 'bookmark'),
        link('image/v1.0/images', imageid, 'alternate'))),
    'volumes', array(select v.id from db_volume v where machine_id = m.id order by id),
    'attachments', array(select n.body from api_nic n where machine_id = m.id order by n.id),
    'addresses', coalesce((select json_object_agg(network_id, json_build_array(json_build_object(
        'version', 4, 'addr', address, 'OS-EXT-IPS:type', kind))) from api_nic
        where machine_id = m.id and address is not null), '{}')) body from db_machine m;
-- What users do to networks and addresses. Each refuses as upstream does.
create function network_of(user_ text, key text, doing text) returns db_network
language plpgsql as $$ declare row_ db_network; begin
    if key is null or key !~ '^[0-9]+$' then
        perform refuse('400', format('Invalid network ID ''%s''', key)); end if;
    select * into row_ from db_network where id = key::integer and not deleted
    and (public or userid = user_);
    if not found then perform refuse('404', format('Network %s not found.', key)); end if;
    if doing <> '' and row_.public then
        perform refuse('403', format('Cannot %s the public network.', doing)); end if;
    return row_; end $$;
create function make_network(user_ text, sent json, bridge text) returns integer
language plpgsql as $$ declare prefix text; number integer; begin
    if sent->>'type' is null then
        perform refuse('400', 'Malformed request. Missing attribute ''type''.'); end if;
    if sent->>'type' not in ('CUSTOM', 'MAC_FILTERED', 'IP_LESS_ROUTED', 'PHYSICAL_VLAN') then
        perform refuse('400', format('Invalid network type ''%s''', sent->>'type')); end if;
    if sent->>'type' <> 'MAC_FILTERED' then
        perform refuse('403', format('Cannot create network of type ''%s''.', sent->>'type')); end if;
    update db_pooltable set used = used + 1 where type = 'mac-prefix' returning lpad(to_hex(
    ('x' || lpad(replace(base, ':', ''), 8, '0'))::bit(32)::integer * 16 + used), 6, '0') into prefix;
    if not found then perform refuse('503', 'There is no pool of MAC prefixes: run pool-create'); end if;
    insert into db_network (name, userid, flavor, mode, link, mac_prefix) values (
    coalesce(sent->>'name', ''), user_, 'MAC_FILTERED', 'bridged', bridge,
    regexp_replace(prefix, '(..)(..)(..)', '\1:\2:\3')) returning id into number;
    return number; end $$;
create function make_subnet(user_ text, sent json) returns integer
language plpgsql as $$ declare number integer; net cidr; n integer; begin
    n := (network_of(user_, sent->>'network_id', 'change')).id;
    begin net := (sent->>'cidr')::cidr; exception when others then
        perform refuse('400', format('Malformed CIDR ''%s''', sent->>'cidr')); end;
    if exists (select from db_subnet where network_id = n) then
        perform refuse('400', 'Only one subnet of IPv4/IPv6 per network is allowed'); end if;
    if not (sent->>'gateway_ip')::inet << net then
        perform refuse('400', 'Invalid network IPv4 gateway'); end if;
    insert into db_subnet (network_id, userid, name, cidr, gateway, dhcp) values (n, user_,
    coalesce(sent->>'name', ''), net,
    coalesce((sent->>'gateway_ip')::inet, set_masklen(net::inet, 32) + 1),
    coalesce((sent->>'enable_dhcp')::boolean, true)) returning id into number;
    return number; end $$;
-- An address of the network, the one given or any free one.
create function take_address(user_ text, network integer, wanted text, floating boolean)
returns integer language plpgsql as $$ declare number integer; free inet; begin
    free := coalesce(wanted::inet, free_address(network));
    if wanted is not null and not exists (
        select from db_subnet where network_id = network and free << db_subnet.cidr) then
        perform refuse('400', format('Address %s is not in network %s', wanted, network)); end if;
    if free is null or exists (select from db_ipaddress where network_id = network
        and address = free and not deleted) then
        perform refuse('409', format('IP address %s is already used.', host(free))); end if;
    insert into db_ipaddress (address, network_id, subnet_id, userid, floating_ip) values (free,
    network, (select id from db_subnet where network_id = network), user_, floating)
    returning id into number;
    return number; end $$;
create function make_floatingip(user_ text, sent json) returns integer
language plpgsql as $$ declare n integer; begin
    if sent->>'floating_network_id' is not null then
        n := (network_of(user_, sent->>'floating_network_id', '')).id;
    else
        select min(id) into n from db_network
        where floating_ip_pool and not drained and not deleted;
        if n is null then perform refuse('409', 'No floating IP pool is available.'); end if;
    end if;
    return take_address(user_, n, sent->>'floating_ip_address', true); end $$;
create function drop_floatingip(user_ text, number integer) returns void
language plpgsql as $$ declare server text; begin
    select body->>'instance_id' into server from api_floatingip where id = number and userid = user_;
    if not found then
        perform refuse('404', format('Floating IP with ID %s does not exist.', number)); end if;
    if server is not null then
        perform refuse('409', format('IP ''%s'' is used by server ''%s''', number, server)); end if;
    update db_ipaddress set deleted = true where id = number; end $$;
create function server_of(user_ text, number integer) returns db_machine
language plpgsql as $$ declare row_ db_machine; begin
    select * into row_ from db_machine where id = number and userid = user_;
    if not found then perform refuse('404', 'Server not found.'); end if;
    if row_.deleted then perform refuse('400', 'Server has been deleted.'); end if;
    return row_; end $$;
