-- Two tenants with every kind of row, a third without any, and people of every role.
insert into auth.users (id) select ('00000000-0000-4000-8000-0000000000' || n)::uuid
  from unnest(array['a1', 'a2', 'a3', 'b3', 'c1', 'd1']) n;
insert into ghl_sources (id, name, location_id, updated_at) values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'Alpha', 'locA', '2026-01-01Z'),
  ('bbbbbbbb-0000-4000-8000-000000000002', 'Beta', 'locB', '2026-01-01Z'),
  ('cccccccc-0000-4000-8000-000000000003', 'Empty', 'locC', '2026-01-01Z');
insert into user_sources (user_id, source_id, role) values
  ('00000000-0000-4000-8000-0000000000a1', 'aaaaaaaa-0000-4000-8000-000000000001', 'viewer'),
  ('00000000-0000-4000-8000-0000000000a2', 'aaaaaaaa-0000-4000-8000-000000000001', 'editor'),
  ('00000000-0000-4000-8000-0000000000a3', 'aaaaaaaa-0000-4000-8000-000000000001', 'owner'),
  ('00000000-0000-4000-8000-0000000000b3', 'bbbbbbbb-0000-4000-8000-000000000002', 'owner'),
  ('00000000-0000-4000-8000-0000000000c1', 'aaaaaaaa-0000-4000-8000-000000000001', 'viewer'),
  ('00000000-0000-4000-8000-0000000000c1', 'bbbbbbbb-0000-4000-8000-000000000002', null);
insert into ghl_mirror.source_credentials (source_id, sealed) values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'sealed-of-alpha');

insert into ghl_contacts (id, source_id, ghl_contact_id, email, phone, first_name, last_name, tags, created_at, updated_at, deleted_at) values
  ('a0000000-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'ct1', 'sam@a.test', '+15550100001', 'Sam', 'Sample', '{vip}', '2026-01-02Z', '2026-01-05Z', null),
  ('a0000000-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 'ct2', 'ann@a.test', null, null, null, '{}', '2026-01-03Z', '2026-01-06Z', null),
  ('a0000000-0000-4000-8000-000000000003', 'aaaaaaaa-0000-4000-8000-000000000001', 'ct3', 'old@a.test', null, 'Old', 'One', '{}', '2026-01-03Z', '2026-01-07Z', '2026-01-08Z'),
  ('b0000000-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002', 'ct1', 'secret@b.test', null, 'Bea', 'Beta', '{}', '2026-01-02Z', '2026-01-09Z', null);
insert into ghl_pipelines (id, source_id, ghl_pipeline_id, name) values
  ('a1000000-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'pl1', 'Sales'),
  ('b1000000-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002', 'pl1', 'Secret of Beta');
insert into ghl_opportunities (id, source_id, ghl_opportunity_id, contact_id, pipeline_id, stage_id, name, amount, status, created_at, updated_at, deleted_at) values
  ('a2000000-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'op1', 'a0000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'st1', 'Deal one', 40, 'open', '2026-01-02Z', '2026-01-04Z', null),
  ('a2000000-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 'op2', null, 'a1000000-0000-4000-8000-000000000001', 'st1', 'Deal two', 60, 'won', '2026-01-03Z', '2026-01-06Z', null),
  ('a2000000-0000-4000-8000-000000000003', 'aaaaaaaa-0000-4000-8000-000000000001', 'op3', null, null, null, 'Gone', 1000, 'open', '2026-01-01Z', '2026-01-07Z', '2026-01-08Z'),
  ('b2000000-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002', 'op1', 'b0000000-0000-4000-8000-000000000001', 'b1000000-0000-4000-8000-000000000001', 'st1', 'Beta deal', 7, 'open', '2026-01-02Z', '2026-01-09Z', null);
insert into ghl_orders (id, source_id, ghl_order_id, contact_id, amount, status, metadata, created_at, updated_at) values
  ('a3000000-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'or1', 'a0000000-0000-4000-8000-000000000001', 100, 'completed', '{"currency": "USD"}', '2026-01-02Z', '2026-01-03Z'),
  ('a3000000-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 'or2', 'a0000000-0000-4000-8000-000000000001', 50, 'completed', '{"currency": "usd"}', '2026-01-04Z', '2026-01-05Z'),
  ('b3000000-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002', 'or1', 'b0000000-0000-4000-8000-000000000001', 9, 'completed', '{}', '2026-01-02Z', '2026-01-03Z');
insert into ghl_payments (id, source_id, ghl_payment_id, order_id, amount, status, metadata, created_at, updated_at) values
  ('a4000000-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'pa1', 'a3000000-0000-4000-8000-000000000001', 30, 'succeeded', '{"currency": "USD"}', '2026-01-02Z', '2026-01-03Z'),
  ('a4000000-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 'pa2', 'a3000000-0000-4000-8000-000000000001', 70, 'succeeded', '{"currency": "USD"}', '2026-01-02Z', '2026-01-03Z'),
  ('b4000000-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002', 'pa1', null, 9, 'succeeded', '{}', '2026-01-02Z', '2026-01-03Z');
insert into ghl_reviews (id, source_id, ghl_review_id, contact_id, rating, review_text, reviewer_name, created_at, updated_at) values
  ('a5000000-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 're1', null, 5, 'Good', 'Rae', '2026-01-02Z', '2026-01-02Z'),
  ('a5000000-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 're2', 'a0000000-0000-4000-8000-000000000001', 2, 'Meh', null, '2026-01-03Z', '2026-01-03Z'),
  ('b5000000-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002', 're1', null, 1, 'Secret', null, '2026-01-02Z', '2026-01-02Z');
insert into ghl_sync_jobs (id, source_id, location_id, job_type, status, error, started_at, completed_at, created_at) values
  ('a6000000-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000001', 'locA', 'contacts', 'failed', 'boom', '2026-01-02 10:00Z', '2026-01-02 10:00:09Z', '2026-01-02 10:00Z'),
  ('a6000000-0000-4000-8000-000000000002', 'aaaaaaaa-0000-4000-8000-000000000001', 'locA', 'contacts', 'completed', null, '2026-01-03 10:00Z', '2026-01-03 10:00:04Z', '2026-01-03 10:00Z'),
  ('b6000000-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002', 'locB', 'orders', 'completed', null, '2026-01-03 10:00Z', '2026-01-03 10:00:05Z', '2026-01-03 10:00Z');
