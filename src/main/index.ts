import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { app, BrowserWindow, dialog, ipcMain, Menu, type MenuItemConstructorOptions, protocol, session, type WebContents } from 'electron'
import { IPC_REQUEST_PORT } from '../shared/contract/bridge'
import { KernelSupervisor } from './kernel-supervisor'
import { securityHeaders } from './web-host/content-security-policy'
import { findStaticFile } from './web-host/static-files'

/**
 * Electron's main process: windows, menu, permissions, and the broker between windows and kernels. It never reads the
 * repository nor the journal.
 *
 * Fuses of a packaged build: runAsNode, nodeOptions and nodeCliInspect off; onlyLoadAppFromAsar, embedded ASAR integrity
 * and cookie encryption on; grantFileProtocolExtraPrivileges off.
 */
const SCHEME = 'keyframe'
const ORIGIN = `${SCHEME}://app`
const appRoot = app.getAppPath()
const outDir = join(appRoot, 'out')

protocol.registerSchemesAsPrivileged([
  { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
])
app.enableSandbox()

const kernels = new Map<string, KernelSupervisor>()
const workspaceOf = new Map<WebContents, string>()

if (!app.requestSingleInstanceLock({ root: requestedRoot(process.argv) })) app.quit()
else void app.whenReady().then(start)

function start(): void {
  denyAllPermissions()
  protocol.handle(SCHEME, serveWindow)
  Menu.setApplicationMenu(Menu.buildFromTemplate(menu()))
  app.on('web-contents-created', (_event, contents) => confine(contents))
  app.on('second-instance', (_event, _argv, _cwd, data) => void openWorkspace(rootOf(data)))
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', () => kernels.forEach((kernel) => kernel.close()))
  ipcMain.on(IPC_REQUEST_PORT, ({ sender, senderFrame }) => {
    const root = workspaceOf.get(sender)
    // Only the top frame of one of our own windows, showing our own page, gets a port.
    if (root === undefined || senderFrame === null || senderFrame !== sender.mainFrame || senderFrame.origin !== ORIGIN) return
    kernels.get(root)?.handPort(sender)
  })
  void openWorkspace(requestedRoot(process.argv))
}

async function openWorkspace(requested: string | null): Promise<void> {
  const root = requested ?? (await chooseFolder())
  if (root === null) return quitWhenEmpty()
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
    dialog.showErrorBox('This folder cannot be opened', `${root} is not a folder that can be read.`)
    return quitWhenEmpty()
  }
  const open = [...workspaceOf].find(([, opened]) => opened === root)
  if (open !== undefined) return BrowserWindow.fromWebContents(open[0])?.focus()
  openWindow(root)
}

function openWindow(root: string): void {
  let kernel = kernels.get(root)
  if (kernel === undefined) {
    kernel = new KernelSupervisor({ entry: join(outDir, 'main', 'kernel-process.js'), root, appRoot, log: (line) => console.error(line) })
    kernels.set(root, kernel)
  }
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    show: false,
    webPreferences: {
      preload: join(outDir, 'preload', 'index.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    },
  })
  const { webContents } = window
  workspaceOf.set(webContents, root)
  kernel.addWindow(webContents)
  window.once('ready-to-show', () => window.show())
  window.on('closed', () => {
    workspaceOf.delete(webContents)
    if (kernels.get(root)?.hasWindows === true) return
    kernels.get(root)?.close()
    kernels.delete(root)
  })
  void window.loadURL(`${ORIGIN}/`)
}

async function chooseFolder(): Promise<string | null> {
  const chosen = await dialog.showOpenDialog({ title: 'Open a repository', properties: ['openDirectory'] })
  return chosen.filePaths[0] ?? null
}

function quitWhenEmpty(): void {
  if (BrowserWindow.getAllWindows().length === 0) app.quit()
}

function denyAllPermissions(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, callback) => callback(false))
  session.defaultSession.setPermissionCheckHandler(() => false)
  session.defaultSession.setDevicePermissionHandler(() => false)
}

function confine(contents: WebContents): void {
  contents.on('will-navigate', (event) => event.preventDefault())
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}

async function serveWindow(request: Request): Promise<Response> {
  const url = new URL(request.url)
  const headers = securityHeaders([])
  const file = url.host === 'app' && request.method === 'GET' ? await findStaticFile(join(outDir, 'renderer'), url.pathname) : null
  if (file === null) return new Response('Not found.', { status: 404, headers })
  return new Response(Readable.toWeb(file.open()) as ReadableStream, {
    headers: { ...headers, 'Content-Type': file.type, 'Content-Length': String(file.sizeBytes) },
  })
}

function menu(): MenuItemConstructorOptions[] {
  const open: MenuItemConstructorOptions = {
    label: 'Open folder…',
    click: () => void chooseFolder().then((root) => (root === null ? undefined : openWorkspace(root))),
  }
  const mac: MenuItemConstructorOptions[] = process.platform === 'darwin' ? [{ role: 'appMenu' }] : []
  return [...mac, { label: 'File', submenu: [open, { type: 'separator' }, { role: 'quit' }] }, { role: 'editMenu' }, { role: 'windowMenu' }]
}

/** `electron . [--] REPO`: the last argument that is no switch, after the application's own path. */
function requestedRoot(argv: readonly string[]): string | null {
  const own = argv.slice(app.isPackaged ? 1 : 2).filter((argument) => !argument.startsWith('-'))
  const last = own.at(-1)
  return last === undefined ? null : resolve(last)
}

function rootOf(data: unknown): string | null {
  return typeof data === 'object' && data !== null && 'root' in data && typeof data.root === 'string' ? data.root : null
}
