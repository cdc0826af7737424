-- Webhook deliveries as they came in: the row is written before GitHub hears 2xx.
-- The delivery id is not signed, so it alone does not name a delivery: the digest of the signed body does, beside it.
CREATE TABLE release_gate.deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  guid text NOT NULL,
  body_digest text NOT NULL,
  event text NOT NULL,
  body bytea NOT NULL,
  state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'processed', 'failed')),
  problem text,
  received_at timestamp(3) with time zone NOT NULL,
  settled_at timestamp(3) with time zone,
  UNIQUE (guid, body_digest)
);

CREATE INDEX deliveries_received_at ON release_gate.deliveries (received_at);

ALTER TABLE release_gate.deliveries ENABLE ROW LEVEL SECURITY;
