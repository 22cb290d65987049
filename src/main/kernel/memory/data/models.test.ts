import { describe, expect, it } from 'vitest'
import { factsLines } from '../../testing/facts-lines'
import { models } from './models'

/** Path, text, entities, and relations but for those between tables and their columns. */
const CASES: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  [
    'shop/models.py',
    `from django.db import models
from accounts.models import User

class Customer(models.Model):
    email = models.EmailField(max_length=200, unique=True)
    note = models.TextField(
        null=True,
        default="",
    )

    class Meta:
        db_table = "customers"

class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    tags = models.ManyToManyField("Tag")

    def total(self):
        x = Foo(1)
        return 1
`,
    [
      'table:customers 4-12 table customers (id, email, note)',
      'column:customers.id 4-4 id AutoField primary key',
      'column:customers.email 5-5 email EmailField not null unique',
      'column:customers.note 6-9 note TextField',
      'table:shop_order 14-22 table shop_order (id, customer_id, user_id, parent_id)',
      'column:shop_order.id 14-14 id AutoField primary key',
      'column:shop_order.customer_id 15-15 customer_id ForeignKey not null',
      'column:shop_order.user_id 16-16 user_id ForeignKey',
      '~table:shop_user',
      'column:shop_order.parent_id 17-17 parent_id ForeignKey',
    ],
    [
      'table:shop_order references table:customers (foreign key)',
      'column:shop_order.customer_id references table:customers (foreign key)',
      'table:shop_order references table:shop_user (foreign key)',
      'column:shop_order.user_id references table:shop_user (foreign key)',
      'table:shop_order references table:shop_order (foreign key)',
      'column:shop_order.parent_id references table:shop_order (foreign key)',
    ],
  ],
  [
    'app/db.py',
    `from sqlalchemy.orm import mapped_column
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name = Column(String(50), nullable=False, unique=True)
    team_id = Column('team', Integer, ForeignKey("teams.id"))
    nick: Mapped[Optional[str]] = mapped_column(String(30))
    posts = relationship("Post")
class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
`,
    [
      'table:users 2-8 table users (id, name, team, nick)',
      'column:users.id 4-4 id int primary key',
      'column:users.name 5-5 name String(50) not null unique',
      'column:users.team 6-6 team Integer',
      '~table:teams',
      '~column:teams.id',
      'column:users.nick 7-7 nick Optional[str]',
      'table:hero 9-11 table hero (id, name)',
      'column:hero.id 10-10 id int | None primary key default None',
      'column:hero.name 11-11 name str not null',
    ],
    ['table:users references table:teams (foreign key)', 'column:users.team references column:teams.id (foreign key)'],
  ],
  [
    'src/schema.ts',
    `import { pgTable, serial, text, integer } from 'drizzle-orm/pg-core'
export const users = pgTable('users', {
  id: serial('id').primaryKey(),
  email: text('email').notNull().unique(),
  teamId: integer('team_id').references(() => teams.id, { onDelete: 'cascade' }),
}, (t) => [index('x').on(t.email)])
export const teams = pgTable('teams', (t) => ({ id: t.serial().primaryKey() }))
`,
    [
      'table:users 2-6 table users (id, email, team_id)',
      'column:users.id 3-3 id serial primary key',
      'column:users.email 4-4 email text not null unique',
      'column:users.team_id 5-5 team_id integer',
      'table:teams 7-7 table teams (id)',
      'column:teams.id 7-7 id serial primary key',
    ],
    ['table:users references table:teams (foreign key)', 'column:users.team_id references column:teams.id (foreign key)'],
  ],
  [
    'src/user.entity.ts',
    `import { Entity } from 'typeorm'
@Entity({ name: 'app_users', schema: 'auth' })
export class User extends Base {
  @PrimaryGeneratedColumn('uuid')
  id!: string
  @Column({ type: 'varchar', nullable: true, unique: true })
  @Index()
  email?: string
  @Column() private readonly age: number
  @ManyToOne(() => Team, (team) => team.users, { nullable: false })
  @JoinColumn({ name: 'team_id' })
  team: Team
  @OneToMany(() => Post, (p) => p.user)
  posts: Post[]
  constructor(a: string) { this.x = a }
}
`,
    [
      'table:auth.app_users 2-16 table auth.app_users (id, email, age, team_id)',
      '~schema:auth',
      'column:auth.app_users.id 5-5 id uuid primary key',
      'column:auth.app_users.email 8-8 email varchar unique',
      'column:auth.app_users.age 9-9 age number not null',
      'column:auth.app_users.team_id 12-12 team_id not null',
    ],
    [],
  ],
  [
    'm.js',
    `const { DataTypes } = require('sequelize')
const User = sequelize.define('User', { email: { type: DataTypes.STRING, allowNull: false }, age: DataTypes.INTEGER, team: { type: DataTypes.INTEGER, references: { model: 'Teams', key: 'id' } } })
class Post extends Model {}
Post.init({ id: { type: DataTypes.INTEGER, primaryKey: true } }, { sequelize, tableName: 'posts' })
`,
    [
      'table:Users 2-2 table Users (email, age, team)',
      'column:Users.email 2-2 email STRING not null',
      'column:Users.age 2-2 age INTEGER',
      'column:Users.team 2-2 team INTEGER',
      '~table:Teams',
      '~column:Teams.id',
      'table:posts 4-4 table posts (id)',
      'column:posts.id 4-4 id INTEGER primary key',
    ],
    ['table:Users references table:Teams (foreign key)', 'column:Users.team references column:Teams.id (foreign key)'],
  ],
  [
    'k.ts',
    `import { Generated } from 'kysely'
export interface Database { person: PersonTable; pet: PetTable }
interface PersonTable { id: Generated<number>; name: string }
`,
    [
      'table:person 2-2 table person (id, name)',
      'column:person.id 3-3 id Generated not null',
      'column:person.name 3-3 name string not null',
      'table:pet 2-2 table pet',
    ],
    [],
  ],
  [
    'm.go',
    `package m
import "gorm.io/gorm"
type User struct {
	gorm.Model
	Email string \`gorm:"column:mail;uniqueIndex;not null" json:"x"\`
	OrderItems []OrderItem
	TeamID uint
}
type Other struct {
	A int
}
func (User) TableName() string { return "people" }
type OrderItem struct {
	ID uint \`gorm:"primaryKey"\`
}
`,
    [
      'table:people 3-8 table people (id, created_at, updated_at, deleted_at, mail, team_id)',
      'column:people.id 4-4 id uint primary key',
      'column:people.created_at 4-4 created_at time.Time',
      'column:people.updated_at 4-4 updated_at time.Time',
      'column:people.deleted_at 4-4 deleted_at time.Time',
      'column:people.mail 5-5 mail string not null unique',
      'column:people.team_id 7-7 team_id uint',
      'table:order_items 13-15 table order_items (id)',
      'column:order_items.id 14-14 id uint primary key',
    ],
    [],
  ],
  [
    's.rs',
    `diesel::table! {
    users (id) {
        id -> Int4,
        name -> Nullable<Text>,
    }
}
`,
    ['table:users 1-6 table users (id, name)', 'column:users.id 3-3 id Int4 primary key', 'column:users.name 4-4 name Text'],
    [],
  ],
  [
    'U.java',
    `@Entity
@Table(name = "users", schema = "auth")
public class User {
  @Id @GeneratedValue(strategy = GenerationType.IDENTITY)
  private Long id;
  @Column(name = "mail", nullable = false, unique = true)
  private String email = "x";
  @ManyToOne
  @JoinColumn(name = "team_id")
  private Team team;
  @OneToMany(mappedBy = "user")
  private List<Post> posts = new ArrayList<>();
  private Map<String, Integer> plain;
  @Column
  private LocalDate bornOn;
  public String getEmail() { return email; }
}`,
    [
      'table:auth.users 1-17 table auth.users (id, mail, team_id, born_on)',
      '~schema:auth',
      'column:auth.users.id 5-5 id Long primary key',
      'column:auth.users.mail 7-7 mail String not null unique',
      'column:auth.users.team_id 10-10 team_id',
      'column:auth.users.born_on 15-15 born_on LocalDate',
    ],
    [],
  ],
]

const FOUND_ELSEWHERE = /\((?:column|declaration|schema of a table|foreign key by name of the model)\)/

describe('models of object-relational mappers', () => {
  it.each(CASES)('%s', (path, text, entities, relations) => {
    const found = factsLines(models, path, text)
    expect(found.entities).toEqual(entities)
    expect(found.relations.filter((relation) => !FOUND_ELSEWHERE.test(relation))).toEqual(relations)
    expect(factsLines(models, path, text.replaceAll('\n', '\r\n')).entities).toEqual(entities)
  })
})
