-- 0002: invoices and their lines. Amounts are whole cents; totals are stored as calculateInvoiceTotal returned them.
CREATE TABLE invoices (
  id           text PRIMARY KEY,
  user_id      text NOT NULL REFERENCES users (id),
  net_cents    bigint NOT NULL,
  tax_cents    bigint NOT NULL,
  gross_cents  bigint NOT NULL,
  currency     char(3) NOT NULL DEFAULT 'EUR',
  status       text NOT NULL CHECK (status IN ('draft', 'paid', 'declined')),
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX invoices_user_id ON invoices (user_id);

CREATE TABLE invoice_lines (
  invoice_id        text NOT NULL REFERENCES invoices (id) ON DELETE CASCADE,
  position          integer NOT NULL,
  description       text NOT NULL,
  quantity          numeric(12, 3) NOT NULL,
  unit_price_cents  bigint NOT NULL,
  PRIMARY KEY (invoice_id, position)
);
