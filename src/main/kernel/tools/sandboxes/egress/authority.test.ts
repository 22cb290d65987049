import { expect, it } from 'vitest'
import { canonicalAddress, formatAuthority, parseAuthority } from './authority'

it.each([
  ['Example.COM:8080', 'example.com', 8080],
  ['example.com.', 'example.com', 80],
  ['bücher.example', 'xn--bcher-kva.example', 80],
  ['ｅｘａｍｐｌｅ.com', 'example.com', 80],
  ['ex%61mple.com', 'example.com', 80],
  ['my_service.internal', 'my_service.internal', 80],
])('reads %s as the name %s', (text, host, port) => {
  expect(parseAuthority(text, 80)).toEqual({ host, port, literal: null })
})

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['127.1', '127.0.0.1'],
  ['127.0.0.1.', '127.0.0.1'],
  ['2130706433', '127.0.0.1'],
  ['0x7f000001', '127.0.0.1'],
  ['0x7f.1', '127.0.0.1'],
  ['0177.0.0.1', '127.0.0.1'],
  ['0', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['１２７.0.0.1', '127.0.0.1'],
  ['169.254.169.254', '169.254.169.254'],
  ['2852039166', '169.254.169.254'],
  ['[::1]', '::1'],
  ['[::]', '::1'],
  ['[0:0:0:0:0:0:0:1]', '::1'],
  ['[::ffff:127.0.0.1]', '127.0.0.1'],
  ['[::FFFF:a9fe:a9fe]', '169.254.169.254'],
  ['[::ffff:0.0.0.0]', '127.0.0.1'],
  ['[FD00:EC2::254]', 'fd00:ec2::254'],
])('reads %s as the address %s', (text, address) => {
  expect(parseAuthority(`${text}:443`, null)).toEqual({ host: address, port: 443, literal: address })
})

it.each([
  ...['', ':80', 'host:0', 'host:65536', 'host:080808', 'host:', 'host:80:80', 'user@host', 'a@b@host:80', 'host/path', 'host?x', 'host#x'],
  ...[
    'ho st',
    'host\\.evil',
    'host\t',
    '256.256.256.256',
    '1.2.3.4.5',
    '[::1',
    '::1',
    '[fe80::1%25eth0]',
    '[::g]',
    '..',
    'host..',
    '%00',
    'a%2fb',
  ],
  `${'a'.repeat(64)}.`.repeat(5),
])('takes %j for no authority', (text) => {
  expect(parseAuthority(text, 80)).toBeNull()
})

it('wants a port where there is no default', () => {
  expect(parseAuthority('example.com', null)).toBeNull()
})

it('writes what it read', () => {
  const written = ['example.com', 'example.com:81', '[::1]', '[fd00::1]:81'].map((text) => {
    const authority = parseAuthority(text, 80)
    return authority === null ? null : formatAuthority(authority, 80)
  })
  expect(written).toEqual(['example.com', 'example.com:81', '[::1]', '[fd00::1]:81'])
})

it('knows an address by one text, and none that belongs to one link', () => {
  expect(['::ffff:10.0.0.1', '2001:DB8:0:0::1', '::', 'fe80::1%eth0', 'example.com', ''].map(canonicalAddress)).toEqual([
    '10.0.0.1',
    '2001:db8::1',
    '::1',
    null,
    null,
    null,
  ])
})
