import { describe, expect, it } from 'vitest'
import { factsLines } from '../../testing/facts-lines'
import { prismaSchema } from './prisma-schema'

/** Path, text, entities, and relations but for those between tables and their columns. */
const CASES: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  [
    'prisma/schema.prisma',
    `datasource db {
  provider = "postgresql"
  url = env("DATABASE_URL")
}
// c
model User {
  id Int @id @default(autoincrement())
  email String @unique @map("mail")
  role Role @default(USER)
  posts Post[]
  token String @default("abc123")
  @@map("users")
  @@index([email, role])
}
model Post {
  id Int @id
  authorId Int
  author User @relation(fields: [authorId], references: [id])
}
enum Role { 
  USER
}
`,
    [
      '~env_var:DATABASE_URL',
      'table:users 6-14 table users (id, mail, role, token)',
      'column:users.id 7-7 id Int primary key default autoincrement()',
      'column:users.mail 8-8 mail String not null unique',
      'column:users.role 9-9 role Role not null default USER',
      'column:users.token 11-11 token String not null',
      'index:users_mail_role_idx 13-13 index users_mail_role_idx on users (mail, role)',
      'table:Post 15-19 table Post (id, authorId)',
      'column:Post.id 16-16 id Int primary key',
      'column:Post.authorId 17-17 authorId Int not null',
    ],
    [
      'file reads env_var:DATABASE_URL (data source of Prisma)',
      'index:users_mail_role_idx references table:users (index on a table)',
      'index:users_mail_role_idx references column:users.mail (index on a column)',
      'index:users_mail_role_idx references column:users.role (index on a column)',
      'table:Post references table:users (foreign key)',
      'column:Post.authorId references column:users.id (foreign key)',
    ],
  ],
]

const FOUND_ELSEWHERE = /\((?:column|declaration|schema of a table|foreign key by name of the model)\)/

describe('Prisma schemas', () => {
  it.each(CASES)('%s', (path, text, entities, relations) => {
    const found = factsLines(prismaSchema, path, text)
    expect(found.entities).toEqual(entities)
    expect(found.relations.filter((relation) => !FOUND_ELSEWHERE.test(relation))).toEqual(relations)
    expect(factsLines(prismaSchema, path, text.replaceAll('\n', '\r\n')).entities).toEqual(entities)
  })
})
