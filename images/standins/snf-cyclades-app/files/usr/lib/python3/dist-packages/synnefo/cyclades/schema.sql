create table db_backend (
    id serial primary key, clustername varchar(128) unique not null, port integer not null,
    username varchar(64) not null, password_hash varchar(255) not null,
    hypervisor varchar(32) not null, drained boolean not null default true,
    offline boolean not null default false, disk_templates text[]);
create table db_volumetype (id serial primary key, name varchar(255), disk_template varchar(32));
create table db_flavor (
    id serial primary key, cpu integer, ram integer, disk integer,
    volume_type_id integer references db_volumetype, allow_create boolean default true,
    deleted boolean default false, unique (cpu, ram, disk, volume_type_id));
create table db_network (
    id serial primary key, name varchar(128) not null, userid varchar(128),
    subnet text not null, gateway text, public boolean, dhcp boolean, flavor varchar(32), mode varchar(16), link varchar(32),
    mac_prefix varchar(32), tags text, floating_ip_pool boolean, drained boolean default false,
    state varchar(32) default 'ACTIVE', action varchar(32) default 'CREATE',
    constraint "the gateway must be in the subnet" check (gateway::inet << subnet::cidr),
    constraint "a CUSTOM network needs mode and link"
        check (flavor <> 'CUSTOM' or (mode is not null and link is not null)),
    constraint "this flavor is unknown" check (
        coalesce(flavor, '') in ('CUSTOM', 'MAC_FILTERED', 'IP_LESS_ROUTED', 'PHYSICAL_VLAN')));
create table db_backendnetwork (
    network_id integer references db_network, backend_id integer references db_backend,
    operstate varchar(30) default 'PENDING', backendjobid integer, backendopcode varchar(64),
    backendjobstatus varchar(30), primary key (network_id, backend_id));
create table db_pooltable (
    id serial primary key, type varchar(16) unique, base varchar(32), size integer, "offset" integer,
    used integer default 0);
create table db_virtualmachine (
    id serial primary key, name varchar(255), userid varchar(100), imageid varchar(100),
    flavor_id integer references db_flavor, backend_id integer references db_backend,
    networks jsonb, operstate varchar(30) default 'BUILD', buildpercentage integer default 0,
    backendjobid integer, deleted boolean default false, created timestamptz default now());
create view db_flavor_shown as select f.id, cpu, ram, disk, v.name volume_type, disk_template,
    disk_template template, allow_create, format('C%sR%sD%s%s', cpu, ram, disk, v.name) as name
    from db_flavor f join db_volumetype v on v.id = volume_type_id where not deleted;
-- What the machines of each user take, as quota counts it.
create view db_usage as select userid, count(*) "cyclades.vm", sum(cpu) "cyclades.cpu",
    sum(ram)::bigint * 1048576 "cyclades.ram", sum(disk)::bigint * 1073741824 "cyclades.disk"
    from db_virtualmachine v join db_flavor f on f.id = flavor_id
    where not v.deleted group by userid;
create view db_machine as select v.*, cpu, ram, disk, clustername, port, username, password_hash,
    case operstate when 'STARTED' then 'ACTIVE' else operstate end status
    from db_virtualmachine v left join db_flavor f on f.id = flavor_id
    left join db_backend b on b.id = backend_id where not v.deleted;
create view db_subnet_shown as select id "ID", format('IPv4 Subnet of Network %s', id) as "Name",
    4 "Version", subnet "CIDR", gateway "Gateway", dhcp "DHCP", false "Deleted" from db_network;
create view db_backendnetwork_shown as select network_id "Network", clustername "Backend",
    operstate "State", false "Deleted", backendjobid "JobID", backendopcode "Opcode",
    backendjobstatus "JobStatus" from db_backendnetwork join db_backend b on b.id = backend_id;
