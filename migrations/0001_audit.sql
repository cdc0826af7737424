-- Append-only, hash-chained records: one chain an installation.
-- The schema `release_gate` stands outside the schemas that Supabase exposes over HTTP.

REVOKE ALL ON SCHEMA release_gate FROM PUBLIC;

-- `body` is text, not jsonb: the hash covers these exact characters, and jsonb would write numbers and keys anew.
CREATE TABLE release_gate.audit_records (
  installation_id bigint NOT NULL,
  seq integer NOT NULL CHECK (seq > 0),
  kind text NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  body text NOT NULL,
  previous_hash text NOT NULL CHECK (previous_hash ~ '^[0-9a-f]{64}$'),
  hash text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
  PRIMARY KEY (installation_id, seq)
);

CREATE INDEX audit_records_at ON release_gate.audit_records (installation_id, at);

CREATE FUNCTION release_gate.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  RAISE EXCEPTION 'release_gate.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_records_append_only BEFORE UPDATE OR DELETE ON release_gate.audit_records
  FOR EACH ROW EXECUTE FUNCTION release_gate.refuse_change();
CREATE TRIGGER audit_records_no_truncate BEFORE TRUNCATE ON release_gate.audit_records
  FOR EACH STATEMENT EXECUTE FUNCTION release_gate.refuse_change();

-- A role that can add and read records, and nothing else. Roles belong to the whole cluster, so another
-- database may have made it already.
DO $$
BEGIN
  CREATE ROLE release_gate_writer NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

-- Whoever owns the tables appends as this role.
GRANT release_gate_writer TO CURRENT_USER;
GRANT USAGE ON SCHEMA release_gate TO release_gate_writer;
GRANT SELECT, INSERT ON release_gate.audit_records TO release_gate_writer;

ALTER TABLE release_gate.audit_records ENABLE ROW LEVEL SECURITY;
CREATE POLICY writer_reads ON release_gate.audit_records FOR SELECT TO release_gate_writer USING (true);
CREATE POLICY writer_appends ON release_gate.audit_records FOR INSERT TO release_gate_writer WITH CHECK (true);
