-- Heads of the chains of records that were written down outside of this database, in an issue on GitHub.
CREATE TABLE release_gate.anchors (
  installation_id bigint NOT NULL,
  seq integer NOT NULL,
  hash text NOT NULL,
  anchored_at timestamp(3) with time zone NOT NULL,
  owner text NOT NULL,
  repo text NOT NULL,
  issue integer NOT NULL,
  PRIMARY KEY (installation_id, seq)
);

ALTER TABLE release_gate.anchors ENABLE ROW LEVEL SECURITY;

-- Where a chain begins since its oldest records were let go: at the record that follows this one, which was anchored.
CREATE TABLE release_gate.checkpoints (
  installation_id bigint NOT NULL,
  seq integer NOT NULL,
  hash text NOT NULL,
  cut_at timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (installation_id, seq)
);

CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE ON release_gate.checkpoints
  FOR EACH ROW EXECUTE FUNCTION release_gate.refuse_change();
CREATE TRIGGER checkpoints_no_truncate BEFORE TRUNCATE ON release_gate.checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION release_gate.refuse_change();

ALTER TABLE release_gate.checkpoints ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON release_gate.checkpoints TO release_gate_writer;
CREATE POLICY writer_reads ON release_gate.checkpoints FOR SELECT TO release_gate_writer USING (true);
