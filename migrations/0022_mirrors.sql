-- What became of each step of an escalation.
CREATE TABLE release_gate.incident_steps (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  step text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('taken', 'impossible')),
  why text,
  at timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (installation_id, repository_id, number, step)
);

-- What other systems should say of an incident, and what they took last: both as JSON text, which is compared. `tried_at`: when
-- something was to be created there and the answer has not come. `refused`: why it is not tried again.
CREATE TABLE release_gate.mirrors (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  mirror text NOT NULL,
  key text NOT NULL,
  wanted json NOT NULL,
  done json,
  external json,
  tried_at timestamp(3) with time zone,
  refused text,
  PRIMARY KEY (installation_id, repository_id, number, mirror, key)
);

ALTER TABLE release_gate.incident_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.mirrors ENABLE ROW LEVEL SECURITY;
