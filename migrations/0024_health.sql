-- The state of each monitor of production as it was read last. `tried_at`: it is read at most once a minute.
CREATE TABLE release_gate.monitors (
  id bigint PRIMARY KEY,
  state text NOT NULL,
  read_at timestamp(3) with time zone,
  tried_at timestamp(3) with time zone NOT NULL
);

-- Each change of a monitor, for what was so before a merge.
CREATE TABLE release_gate.monitor_states (
  id bigint NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  state text NOT NULL,
  PRIMARY KEY (id, at)
);

-- The watch after a release: how the monitors were before it, and at each look.
CREATE TABLE release_gate.watches (
  key text PRIMARY KEY,
  subject json NOT NULL,
  settings json NOT NULL,
  merged_at timestamp(3) with time zone NOT NULL,
  baseline json NOT NULL,
  looks json NOT NULL,
  verdict text,
  why text
);

ALTER TABLE release_gate.monitors ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.monitor_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.watches ENABLE ROW LEVEL SECURITY;
