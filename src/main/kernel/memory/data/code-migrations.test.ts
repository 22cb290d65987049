import { describe, expect, it } from 'vitest'
import { factsLines } from '../../testing/facts-lines'
import { codeMigrations } from './code-migrations'

/** Path, text, entities, and relations but for those between tables and their columns. */
const CASES: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  [
    'db/migrate/20240101_add.rb',
    `class A < ActiveRecord::Migration[7.0]
  def change
    create_table :users do |t|
      t.string :email, null: false, default: "x"
      t.references :team, foreign_key: true
      t.timestamps
      t.index ["email"], name: "ix", unique: true
    end
    add_column :posts, :title, :string
    remove_column :posts, :old
    add_foreign_key "posts", "users"
  end
end
`,
    [
      'index:ix 7-7 unique index ix on users (email)',
      "column:users.email 4-4 email string not null default 'x'",
      'table:users 3-8 table users (id, email, team_id, created_at, updated_at)',
      'column:users.id 3-3 id bigint primary key',
      'column:users.team_id 5-5 team_id bigint',
      '~table:teams',
      '~column:teams.id',
      'column:users.created_at 6-6 created_at datetime not null',
      'column:users.updated_at 6-6 updated_at datetime not null',
      '~table:posts',
      'column:posts.title 9-9 title string',
      '~column:posts.old',
      '~column:posts.user_id',
    ],
    [
      'index:ix references table:users (index on a table)',
      'index:ix references column:users.email (index on a column)',
      'table:users references table:teams (foreign key)',
      'column:users.team_id references column:teams.id (foreign key)',
      'file writes table:users (migration: create table)',
      'file writes table:posts (migration: alter table)',
      'file writes column:posts.title (migration: add column)',
      'file writes column:posts.old (migration: drop column)',
      'table:posts references table:users (foreign key)',
      'column:posts.user_id references column:users.id (foreign key)',
    ],
  ],
  [
    'migrations/20240101_users.js',
    `exports.up = function (knex) {
  return knex.schema.createTable('users', function (table) {
    table.increments('id')
    table.string('email').notNullable().unique()
    table.integer('team_id').references('id').inTable('teams')
    table.timestamps(true, true)
  }).alterTable('posts', (t) => { t.dropColumn('x'); t.string('y') })
}
exports.down = (knex) => knex.schema.dropTable('users')
`,
    [
      'table:users 2-7 table users (id, email, team_id, created_at, updated_at)',
      'column:users.id 3-3 id increments primary key',
      'column:users.email 4-4 email string not null unique',
      'column:users.team_id 5-5 team_id integer',
      '~table:teams',
      '~column:teams.id',
      'column:users.created_at 6-6 created_at timestamp',
      'column:users.updated_at 6-6 updated_at timestamp',
      '~table:posts',
      '~column:posts.x',
      'column:posts.y 7-7 y string',
    ],
    [
      'table:users references table:teams (foreign key)',
      'column:users.team_id references column:teams.id (foreign key)',
      'file writes table:users (migration: create table)',
      'file writes table:posts (migration: alter table)',
      'file writes column:posts.x (migration: drop column)',
      'file writes column:posts.y (migration: add column)',
    ],
  ],
  [
    'migrations/20240102_p.ts',
    `export async function up(db: Kysely<any>) {
  await db.schema.createTable('person').addColumn('id', 'serial', (c) => c.primaryKey()).addColumn('team', 'integer', (c) => c.references('team.id').notNull()).execute()
}`,
    [
      'table:person 2-2 table person (id, team)',
      'column:person.id 2-2 id serial primary key',
      'column:person.team 2-2 team integer not null',
      '~table:team',
      '~column:team.id',
    ],
    [
      'table:person references table:team (foreign key)',
      'column:person.team references column:team.id (foreign key)',
      'file writes table:person (migration: create table)',
    ],
  ],
  [
    'database/migrations/2024_01_01_000000_create_users.php',
    `<?php
return new class extends Migration {
  public function up(): void {
    Schema::create('users', function (Blueprint $table) {
      $table->id();
      $table->string('email')->unique();
      $table->foreignId('team_id')->constrained();
      $table->foreignId('owner_id')->nullable()->constrained('people');
    });
  }
  public function down(): void { Schema::dropIfExists('users'); }
};`,
    [
      'table:users 4-9 table users (id, email, team_id, owner_id)',
      'column:users.id 5-5 id id primary key',
      'column:users.email 6-6 email string not null unique',
      'column:users.team_id 7-7 team_id foreignId not null',
      '~table:teams',
      '~column:teams.id',
      'column:users.owner_id 8-8 owner_id foreignId',
      '~table:people',
      '~column:people.id',
    ],
    [
      'table:users references table:teams (foreign key)',
      'column:users.team_id references column:teams.id (foreign key)',
      'table:users references table:people (foreign key)',
      'column:users.owner_id references column:people.id (foreign key)',
      'file writes table:users (migration: create table)',
    ],
  ],
  [
    'migrations/20240103-s.js',
    `module.exports = { async up(queryInterface, Sequelize) { await queryInterface.createTable('Users', { id: { type: Sequelize.INTEGER, primaryKey: true } }); await queryInterface.addColumn('Posts', 'title', { type: Sequelize.STRING }) }, async down(queryInterface) { await queryInterface.dropTable('Users') } }`,
    [
      'table:Users 1-1 table Users (id)',
      'column:Users.id 1-1 id INTEGER primary key',
      '~table:Posts',
      'column:Posts.title 1-1 title STRING',
    ],
    [
      'file writes table:Users (migration: create table)',
      'file writes table:Posts (migration: alter table)',
      'file writes column:Posts.title (migration: add column)',
    ],
  ],
  [
    'alembic/versions/abc123_add.py',
    `def upgrade():
    op.create_table('users',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('email', sa.String(length=50), nullable=True),
        sa.ForeignKeyConstraint(['team_id'], ['teams.id'], ),
        sa.PrimaryKeyConstraint('id', name='pk')
    )
    op.add_column('posts', sa.Column('title', sa.Text()))
    op.create_index(op.f('ix_users_email'), 'users', ['email'], unique=True)
def downgrade():
    op.drop_column('posts', 'title')
    op.drop_table('users')
`,
    [
      'table:users 2-7 table users (id, email)',
      '~table:teams',
      '~column:users.team_id',
      '~column:teams.id',
      'column:users.id 3-3 id Integer() primary key',
      'column:users.email 4-4 email String(length=50)',
      '~table:posts',
      'column:posts.title 8-8 title Text()',
      'index:ix_users_email 9-9 unique index ix_users_email on users (email)',
    ],
    [
      'table:users references table:teams (foreign key)',
      'column:users.team_id references column:teams.id (foreign key)',
      'file writes table:users (migration: create table)',
      'file writes table:posts (migration: alter table)',
      'file writes column:posts.title (migration: add column)',
      'index:ix_users_email references table:users (index on a table)',
      'index:ix_users_email references column:users.email (index on a column)',
    ],
  ],
  [
    'shop/migrations/0001_initial.py',
    `class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(name='Order', fields=[
            ('id', models.AutoField(primary_key=True)),
            ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='shop.Customer')),
        ]),
        migrations.AddField(model_name='order', name='total', field=models.DecimalField(null=True)),
        migrations.RemoveField(model_name='order', name='x'),
    ]
`,
    [
      'table:shop_order 3-6 table shop_order (id, customer_id)',
      'column:shop_order.id 4-4 id AutoField primary key',
      'column:shop_order.customer_id 5-5 customer_id ForeignKey not null',
      '~table:shop_customer',
      'column:shop_order.total 7-7 total DecimalField',
      '~column:shop_order.x',
    ],
    [
      'table:shop_order references table:shop_customer (foreign key)',
      'column:shop_order.customer_id references table:shop_customer (foreign key)',
      'file writes table:shop_order (migration: create table)',
      'file writes column:shop_order.total (migration: add column)',
      'file writes column:shop_order.x (migration: drop column)',
    ],
  ],
  [
    'app/tables.py',
    `from sqlalchemy import Table
users = Table('users', metadata, Column('id', Integer, primary_key=True), Column('t', ForeignKey('teams.id')))`,
    [
      'table:users 2-2 table users (id, t)',
      'column:users.id 2-2 id Integer primary key',
      'column:users.t 2-2 t',
      '~table:teams',
      '~column:teams.id',
    ],
    ['table:users references table:teams (foreign key)', 'column:users.t references column:teams.id (foreign key)'],
  ],
]

const FOUND_ELSEWHERE = /\((?:column|declaration|schema of a table|foreign key by name of the model)\)/

describe('migrations in code', () => {
  it.each(CASES)('%s', (path, text, entities, relations) => {
    const found = factsLines(codeMigrations, path, text)
    expect(found.entities).toEqual(entities)
    expect(found.relations.filter((relation) => !FOUND_ELSEWHERE.test(relation))).toEqual(relations)
    expect(factsLines(codeMigrations, path, text.replaceAll('\n', '\r\n')).entities).toEqual(entities)
  })
})
