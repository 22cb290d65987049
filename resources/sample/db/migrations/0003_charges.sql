-- 0003: one charge per invoice, kept by the provider's idempotency key. See docs/incidents/2026-03-02-double-tax.md.
CREATE TABLE charges (
  idempotency_key  text PRIMARY KEY REFERENCES invoices (id),
  user_id          text NOT NULL REFERENCES users (id),
  reference        text NOT NULL,
  amount_cents     bigint NOT NULL,
  charged_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX charges_user_id ON charges (user_id);
