insert into db_volumetype values (1, 'drbd', 'drbd') on conflict (id) do update set name = 'drbd', disk_template = 'drbd';
insert into db_flavor (id, cpu, ram, disk, volume_type_id)
    select row_number() over (order by c, r, d), c, r, d, 1
    from unnest(array[1, 2, 4]) c, unnest(array[1024, 2048, 4096]) r, unnest(array[20, 30, 40]) d
    on conflict (id) do update set cpu = excluded.cpu, ram = excluded.ram, disk = excluded.disk;
select setval('db_flavor_id_seq', 27), setval('db_volumetype_id_seq', 1);
select 1 from db_flavor union all select 1 from db_volumetype
