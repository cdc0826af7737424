-- The organization's policy that each installation last read. Where it can't be read any more, nothing tells what it locks, so no
-- repository is taken to be free of it.
CREATE TABLE release_gate.organization_policies (
  installation_id bigint PRIMARY KEY,
  blob text NOT NULL
);

ALTER TABLE release_gate.organization_policies ENABLE ROW LEVEL SECURITY;
