-- Incidents: the facts that were read last together with those of before, and what was decided from them under which settings.
CREATE TABLE release_gate.incidents (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  owner text NOT NULL,
  repo text NOT NULL,
  -- The repository whose policy governs it.
  governed_by json NOT NULL,
  settings json NOT NULL,
  facts json NOT NULL,
  incident json NOT NULL,
  digest text NOT NULL,
  state text NOT NULL,
  severity text NOT NULL,
  component text,
  -- When the facts were read.
  read_at timestamp(3) with time zone NOT NULL,
  next_at timestamp(3) with time zone,
  PRIMARY KEY (installation_id, repository_id, number)
);

CREATE INDEX incidents_unresolved ON release_gate.incidents (installation_id, repository_id) WHERE state <> 'resolved';

-- Alerts, by source, id and how often one of them was resolved before, and the incident of each; null until its issue is open.
CREATE TABLE release_gate.alerts (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  source text NOT NULL,
  source_id text NOT NULL,
  reopened integer NOT NULL,
  started_at timestamp(3) with time zone NOT NULL,
  severity text,
  number integer,
  PRIMARY KEY (installation_id, repository_id, source, source_id, reopened)
);

CREATE INDEX alerts_of_incident ON release_gate.alerts (installation_id, repository_id, number);

-- What was taken in, once for each id that its sender gave. `reopened` and `opens` are null until a job has taken it on.
CREATE TABLE release_gate.alert_deliveries (
  source text NOT NULL,
  delivery text NOT NULL,
  repository json NOT NULL,
  alert json NOT NULL,
  received_at timestamp(3) with time zone NOT NULL,
  reopened integer,
  opens boolean,
  done_at timestamp(3) with time zone,
  PRIMARY KEY (source, delivery)
);

-- Urgent pull requests that name an incident.
CREATE TABLE release_gate.incident_pulls (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  pull json NOT NULL,
  pull_key text NOT NULL,
  linked_at timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (installation_id, repository_id, number, pull_key)
);

ALTER TABLE release_gate.incidents ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.alert_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.incident_pulls ENABLE ROW LEVEL SECURITY;
