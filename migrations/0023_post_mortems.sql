-- The post-mortem of an incident: its issue, when it is due, and what was announced of it.
CREATE TABLE release_gate.post_mortems (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  issue integer,
  url text,
  due_at timestamp(3) with time zone NOT NULL,
  closed_at timestamp(3) with time zone,
  warned boolean NOT NULL DEFAULT false,
  overdue boolean NOT NULL DEFAULT false,
  PRIMARY KEY (installation_id, repository_id, number)
);

ALTER TABLE release_gate.post_mortems ENABLE ROW LEVEL SECURITY;
