import { expect, test } from 'vitest'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { compose } from './compose'
import { dockerfile } from './dockerfile'
import { githubActions } from './github-actions'
import { kubernetes } from './kubernetes'
import { kustomize } from './kustomize'
import { circleCi, gitlabCi, jenkinsfile } from './other-pipelines'
import { terraform } from './terraform'

function read(source: FactsSource, path: string, text: string): ExtraFacts {
  expect(source.claims(path)).toBe(true)
  return source.read({ path, text, code: null })
}

/** `FROM KIND TO` of each relation. */
function relations(facts: ExtraFacts): string[] {
  const stated = (facts.relations ?? []).filter(({ method }) => method !== 'declaration')
  return stated.map(({ from, kind, to }) => `${end(from)} ${kind} ${end(to)}`)
}

function end(target: NonNullable<ExtraFacts['relations']>[number]['to']): string {
  return target.is === 'key' ? target.key : target.is === 'path' ? target.path : target.is === 'symbol' ? '.' : `?${target.name}`
}

function entity(facts: ExtraFacts, key: string) {
  const found = facts.entities?.find((candidate) => candidate.key === key)
  if (found === undefined) throw new Error(`no ${key} among ${facts.entities?.map((each) => each.key).join(', ')}`)
  const { declared, startLine, endLine, attributes } = found
  return { declared, startLine, endLine, ...attributes }
}

const MANIFESTS = `apiVersion: v1
kind: Service
metadata: {name: shop, namespace: prod}
spec:
  selector: {app: shop}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-web
  namespace: prod
spec:
  replicas: 3
  template:
    metadata:
      labels: {app: shop, tier: web}
    spec:
      containers:
        - name: web
          image: registry.example.org/shop/web:1.2
          ports: [{containerPort: 8080}]
          env:
            - {name: PORT, value: "8080"}
            - name: DB_PASSWORD
              valueFrom: {secretKeyRef: {name: db, key: password}}
          envFrom:
            - configMapRef: {name: settings}
      volumes:
        - name: data
          persistentVolumeClaim: {claimName: data}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: prod}
stringData:
  password: hunter2-very-secret
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: prod}
data: {LOG_LEVEL: debug, app.json: '{}'}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: edge, namespace: prod}
spec:
  rules:
    - host: shop.example.org
      http: {paths: [{path: /, backend: {service: {name: shop, port: {number: 80}}}}]}
  tls: [{secretName: certificate}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {containers: [{name: n, image: "shop/jobs@sha256:abc"}]}}}}
`

test('Kubernetes: objects, what they run, and what they are given; never the value of a secret', () => {
  const facts = read(kubernetes, 'deploy/all.yaml', MANIFESTS)
  expect(entity(facts, 'service:prod/shop')).toEqual({
    declared: true,
    startLine: 1,
    endLine: 6,
    type: 'Service',
    namespace: 'prod',
    ports: ['80:8080'],
  })
  expect(entity(facts, 'deployment:prod/shop-web')).toMatchObject({
    replicas: 3,
    images: ['registry.example.org/shop/web:1.2'],
    ports: ['8080'],
    env: ['PORT', 'DB_PASSWORD'],
  })
  expect(entity(facts, 'secret:prod/db')).toMatchObject({ keys: ['password'] })
  expect(entity(facts, 'ingress:prod/edge')).toMatchObject({ hosts: ['shop.example.org'] })
  expect(entity(facts, 'cronjob:default/nightly')).toMatchObject({ schedule: '0 3 * * *', images: ['shop/jobs@sha256:abc'] })
  expect(relations(facts)).toEqual([
    'service:prod/shop depends_on deployment:prod/shop-web',
    'deployment:prod/shop-web depends_on image:registry.example.org/shop/web',
    'deployment:prod/shop-web writes env_var:PORT',
    'deployment:prod/shop-web writes env_var:DB_PASSWORD',
    'deployment:prod/shop-web reads secret:prod/db',
    'deployment:prod/shop-web reads configmap:prod/settings',
    'deployment:prod/shop-web depends_on resource:PersistentVolumeClaim/prod/data',
    'configmap:prod/settings writes env_var:LOG_LEVEL',
    'ingress:prod/edge depends_on service:prod/shop',
    'ingress:prod/edge reads secret:prod/certificate',
    'cronjob:default/nightly depends_on image:shop/jobs',
  ])
  expect(JSON.stringify(facts)).not.toContain('hunter2')
  const contained = facts.relations?.flatMap(({ method, to }) => (method === 'declaration' ? [end(to)] : []))
  expect(contained).toEqual(facts.entities?.filter(({ declared }) => declared).map(({ key }) => key))
})

test('Kubernetes: a service in a file of its own, templates of Helm, files that are something else', () => {
  const template = `{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}-web
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          {{- with .Values.env }}
          env:
            {{- toYaml . | nindent 12 }}
          {{- end }}
{{- end }}
`
  const facts = read(kubernetes, 'chart/templates/web.yaml', template)
  expect(entity(facts, 'deployment:default/$shop.fullname-web')).toMatchObject({
    startLine: 2,
    replicas: '$replicas',
    images: ['$image.repository:$image.tag'],
  })
  expect(facts.fileAttributes).toEqual({ kubernetes: ['Deployment'], namespaces: ['default'], helm: true })
  const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: api-server}}\n'
  expect(relations(read(kubernetes, 'service.yaml', service))).toEqual(['service:default/api depends_on ?api-server'])
  expect(read(kubernetes, 'values.yaml', 'replicas: 3\n')).toEqual({ entities: [], relations: [] })
  expect(() => read(kubernetes, 'broken.yaml', 'apiVersion: v1\nkind: Service\nmetadata: [}\n')).toThrow(/^line \d+: /)
})

test('Kustomize', () => {
  const text = `namespace: prod
resources: [../base, service.yaml]
configMapGenerator:
  - name: settings
    files: [app.json, other=data/other.json]
    literals: [LEVEL=debug]
images: [{name: shop/web, newTag: "2"}]
`
  const facts = read(kustomize, 'deploy/prod/kustomization.yaml', text)
  expect(entity(facts, 'configmap:prod/settings')).toMatchObject({ keys: ['LEVEL', 'app.json', 'other'], startLine: 4 })
  expect(relations(facts)).toEqual([
    '. depends_on deploy/base/kustomization.yaml',
    '. depends_on deploy/base/kustomization.yml',
    '. depends_on deploy/prod/service.yaml',
    'configmap:prod/settings reads deploy/prod/app.json',
    'configmap:prod/settings reads deploy/prod/data/other.json',
    '. depends_on image:shop/web',
  ])
})

test('Compose', () => {
  const text = `x-common: &common
  environment: [TZ=UTC]
services:
  api:
    <<: *common
    build: {context: ./api, dockerfile: Dockerfile.dev}
    image: shop/api:\${TAG:-dev}
    ports: ["8080:80", {target: 9000, published: 9001}]
    depends_on: {db: {condition: service_healthy}}
    env_file: .env
    volumes: ["./api/src:/src", "data:/data"]
    command: ["node", "scripts/start.mjs"]
    secrets: [token]
  db:
    image: postgres:16
    environment: {POSTGRES_PASSWORD: hunter2}
secrets:
  token: {file: ./token.txt}
`
  const facts = read(compose, 'compose.yml', text)
  expect(entity(facts, 'service:api')).toEqual({
    declared: true,
    startLine: 4,
    endLine: 13,
    type: 'compose',
    ports: ['8080:80', '9001:9000'],
    env: ['TZ'],
    images: ['shop/api:${TAG:-dev}'],
  })
  expect(relations(facts)).toEqual([
    'service:api depends_on service:db',
    'service:api depends_on image:shop/api',
    'service:api depends_on api/Dockerfile.dev',
    'image:shop/api depends_on api/Dockerfile.dev',
    'service:api writes env_var:TZ',
    'service:api reads .env',
    'service:api reads api/src',
    'service:api reads secret:token',
    'service:api references scripts/start.mjs',
    'service:db depends_on image:postgres',
    'service:db writes env_var:POSTGRES_PASSWORD',
    'secret:token reads token.txt',
    '. reads env_var:TAG',
  ])
  expect(JSON.stringify(facts)).not.toContain('hunter2')
  expect(relations(read(compose, 'tools/docker-compose.test.yaml', 'services: {a: {links: ["b:c"]}}\n'))).toEqual([
    'service:tools/a depends_on service:tools/b',
  ])
})

test('Dockerfiles', () => {
  const text = `ARG NODE=24
FROM node:\${NODE}-slim AS build
WORKDIR /app
COPY package.json src/index.ts ./
RUN ./scripts/build.sh && npm ci
FROM scratch
ENV PORT=8080 API_TOKEN=hunter2
COPY --from=build /app/out /out
COPY --from=nginx:1.27 /etc/nginx /etc/nginx
EXPOSE 8080 9090/udp
CMD ["node", "out/index.js"]
`
  const facts = read(dockerfile, 'api/Dockerfile', text)
  expect(facts.fileAttributes).toEqual({
    images: ['node:24-slim'],
    stages: ['build'],
    ports: ['8080', '9090/udp'],
    env: ['PORT', 'API_TOKEN'],
    args: ['NODE'],
    entrypoints: ['["node", "out/index.js"]'],
  })
  expect(relations(facts)).toEqual([
    '. depends_on image:node',
    '. references api/package.json',
    '. references package.json',
    '. references api/src/index.ts',
    '. references src/index.ts',
    '. references api/scripts/build.sh',
    '. references scripts/build.sh',
    '. writes env_var:PORT',
    '. writes env_var:API_TOKEN',
    '. depends_on image:nginx',
    '. references api/out/index.js',
    '. references out/index.js',
  ])
  expect(JSON.stringify(facts)).not.toContain('hunter2')
  expect(() => read(dockerfile, 'Dockerfile', 'nothing\n')).toThrow('it has no FROM')
})

test('Terraform', () => {
  const text = `variable "region" {
  description = "Where it runs"
  default     = "eu-central-1"
}
locals {
  prefix = "shop-\${var.region}"
}
resource "aws_s3_bucket" "logs" {
  bucket = "\${local.prefix}-logs" # comment with { brace
  tags   = { Name = var.region, Other = aws_kms_key.main["a"].arn }
  lifecycle {
    prevent_destroy = true
  }
}
module "network" {
  source = "./modules/network"
  subnet = data.aws_subnet.main.id
  policy = <<-EOT
    { "x": "\${aws_iam_role.run.arn}" }
  EOT
}
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.1"
}
resource "aws_db_instance" "main" {
  password = "hunter2"
  engine = "postgres"
}
output "bucket" { value = aws_s3_bucket.logs.arn }
`
  const facts = read(terraform, 'infra/main.tf', text)
  expect(entity(facts, 'resource:infra/aws_s3_bucket.logs')).toEqual({
    declared: true,
    startLine: 8,
    endLine: 14,
    block: 'resource',
    resourceType: 'aws_s3_bucket',
  })
  expect(facts.entities?.find(({ key }) => key === 'resource:infra/var.region')?.doc).toBe('Where it runs')
  expect(entity(facts, 'resource:infra/module.vpc')).toMatchObject({ source: 'terraform-aws-modules/vpc/aws', version: '5.1' })
  expect(relations(facts)).toEqual([
    '. reads resource:infra/var.region',
    'resource:infra/aws_s3_bucket.logs reads resource:infra/local.prefix',
    'resource:infra/aws_s3_bucket.logs reads resource:infra/var.region',
    'resource:infra/aws_s3_bucket.logs depends_on resource:infra/aws_kms_key.main',
    'resource:infra/module.network depends_on infra/modules/network/main.tf',
    'resource:infra/module.network depends_on resource:infra/data.aws_subnet.main',
    'resource:infra/module.network depends_on resource:infra/aws_iam_role.run',
    'resource:infra/module.vpc depends_on package:terraform/terraform-aws-modules/vpc/aws',
    'resource:infra/output.bucket depends_on resource:infra/aws_s3_bucket.logs',
  ])
  expect(JSON.stringify(facts)).not.toContain('hunter2')
  expect(() => read(terraform, 'a.tf', '}}')).toThrow('line 1: braces do not match')
})

test('GitHub workflows', () => {
  const text = `name: CI
on: {push: {branches: [main]}, schedule: [{cron: "0 1 * * *"}]}
env: {CI_LEVEL: full}
jobs:
  test:
    runs-on: ubuntu-latest
    container: node:24
    services: {db: {image: "postgres:16"}}
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/setup
      - name: Tests
        run: |
          npm run build
          node scripts/test.mjs --all
        env: {TOKEN: "\${{ secrets.NPM_TOKEN }}"}
  release:
    needs: test
    uses: ./.github/workflows/release.yml
    secrets: {KEY: "\${{ secrets.SIGNING_KEY }}"}
`
  const facts = read(githubActions, '.github/workflows/ci.yml', text)
  const pipeline = 'pipeline:.github/workflows/ci.yml'
  expect(entity(facts, pipeline)).toMatchObject({ triggers: ['push', 'schedule'], schedule: ['0 1 * * *'], jobs: ['test', 'release'] })
  expect(entity(facts, `${pipeline}#test`)).toMatchObject({
    runsOn: ['ubuntu-latest'],
    scripts: ['npm run build'],
    secrets: ['NPM_TOKEN'],
    actions: ['actions/checkout@v4', './.github/actions/setup'],
    startLine: 5,
  })
  expect(relations(facts).map((each) => each.replaceAll(pipeline, 'ci'))).toEqual([
    '. contains ci',
    'ci writes env_var:CI_LEVEL',
    'ci#test depends_on package:github/actions/checkout',
    'ci#test depends_on .github/actions/setup/action.yml',
    'ci#test depends_on .github/actions/setup/action.yaml',
    'ci#test references scripts/test.mjs',
    'ci#test writes env_var:TOKEN',
    'ci#test reads secret:NPM_TOKEN',
    'ci#test depends_on image:node',
    'ci#test depends_on image:postgres',
    'ci contains ci#test',
    'ci#release depends_on .github/workflows/release.yml',
    'ci#release reads secret:SIGNING_KEY',
    'ci#release depends_on ci#test',
    'ci contains ci#release',
  ])
})

test('pipelines of GitLab, CircleCI and Jenkins', () => {
  const gitlab =
    'image: node:24\nstages: [build]\nbuild:\n  stage: build\n  needs: [lint]\n  script: [./ci/build.sh]\n.hidden: {script: [true]}\n'
  expect(relations(read(gitlabCi, '.gitlab-ci.yml', gitlab)).map((each) => each.replaceAll('pipeline:.gitlab-ci.yml', 'ci'))).toEqual([
    '. contains ci',
    'ci depends_on image:node',
    'ci#build references ci/build.sh',
    'ci#build depends_on ci#lint',
    'ci contains ci#build',
    'ci contains ci#.hidden',
  ])
  const circle =
    'jobs:\n  test:\n    docker: [{image: "cimg/node:24.0"}]\n    steps: [checkout, {run: "./ci/test.sh"}]\nworkflows: {all: {jobs: [test, {deploy: {requires: [test]}}]}}\n'
  expect(
    relations(read(circleCi, '.circleci/config.yml', circle)).map((each) => each.replaceAll('pipeline:.circleci/config.yml', 'ci')),
  ).toEqual([
    '. contains ci',
    'ci#test depends_on image:cimg/node',
    'ci#test references ci/test.sh',
    'ci contains ci#test',
    'ci#deploy depends_on ci#test',
  ])
  const jenkins = `pipeline {
  agent { docker { image 'maven:3.9' } }
  stages { stage('Build') { steps { sh './gradlew build && ./ci/pack.sh' } } }
  environment { KEY = credentials('signing-key') }
}
`
  expect(relations(read(jenkinsfile, 'Jenkinsfile', jenkins)).map((each) => each.replaceAll('pipeline:Jenkinsfile', 'ci'))).toEqual([
    '. contains ci',
    'ci depends_on image:maven',
    'ci contains ci#Build',
    'ci#Build references gradlew',
    'ci#Build references ci/pack.sh',
    'ci#Build reads secret:signing-key',
  ])
})

const YAML = [kubernetes, kustomize, compose, githubActions, gitlabCi, circleCi]
const PATHS = ['a.yaml', 'kustomization.yaml', 'compose.yaml', '.github/workflows/a.yml', '.gitlab-ci.yml', '.circleci/config.yml']

test('hostile files cost no more than others and are problems at most', () => {
  const levels = [
    'a0: &a0 {kind: Service, apiVersion: v1}',
    ...Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} {<<: [${`*a${level},`.repeat(9)}*a${level}]}`),
  ]
  const bomb = `${levels.join('\n')}\nkind: Service\napiVersion: v1\nmetadata: *a30\nservices: *a30\njobs: *a30\n`
  const hostile = [
    bomb,
    `kind: A\napiVersion: b\nx: ${'['.repeat(100_000)}`,
    `kind: A\napiVersion: b\n${Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')}`,
    `kind: A\napiVersion: b\nmetadata: &m {name: *m, self: *m}\nservices: *m\njobs: *m\n`,
    `kind: A\napiVersion: b\n${'- '.repeat(5_000)}x`,
    `kind: A\napiVersion: b\ny: ${'{{'.repeat(50_000)}`,
    '',
    '\0\u{fffd}---\n...',
    `services: {a: {command: "${'a/'.repeat(30_000)}:"}}`,
    `jobs: {a: {steps: [{run: "${'a.b-'.repeat(20_000)}@ ${'npm run '.repeat(5_000)}"}]}}`,
  ]
  for (const text of hostile) {
    for (const [index, source] of YAML.entries()) expect(attempt(source, PATHS[index] ?? '', text)).toBe('done')
    expect(attempt(dockerfile, 'Dockerfile', `FROM a\nRUN ${text}`)).toBe('done')
    expect(attempt(terraform, 'a.tf', text)).toBe('done')
    expect(attempt(jenkinsfile, 'Jenkinsfile', text)).toBe('done')
  }
  expect(attempt(terraform, 'a.tf', 'a { '.repeat(50_000))).toBe('done')
  expect(attempt(terraform, 'a.tf', `a = ${'"${'.repeat(50_000)}`)).toBe('done')
  expect(attempt(dockerfile, 'Dockerfile', `FROM a\nRUN x ${'\\\n'.repeat(20_000)}`)).toBe('done')
})

/** Facts, or the problem of a file that cannot be read: nothing else may be thrown. */
function attempt(source: FactsSource, path: string, text: string): string {
  try {
    source.read({ path, text, code: null })
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'KeyframeError') throw thrown
  }
  return 'done'
}
