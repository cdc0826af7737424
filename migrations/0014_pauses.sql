-- Until when the requests of an installation rest, because a limit of GitHub is reached: for the jobs of all processes.
CREATE TABLE release_gate.pauses (
  installation_id bigint NOT NULL,
  resource text NOT NULL,
  until timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (installation_id, resource)
);

ALTER TABLE release_gate.pauses ENABLE ROW LEVEL SECURITY;
