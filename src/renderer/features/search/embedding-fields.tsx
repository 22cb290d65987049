import type { EmbeddingSettings } from '../../../shared/contract/methods'

type Provider = EmbeddingSettings['provider']

const PROVIDERS: Readonly<Record<Provider, { readonly name: string; readonly says: string; readonly first: EmbeddingSettings }>> = {
  'built-in': {
    name: 'Built in',
    says: 'Character n-grams of identifiers: knows spelling, not meaning. Needs nothing and sends nothing anywhere.',
    first: { provider: 'built-in' },
  },
  'openai-compatible': {
    name: 'OpenAI-compatible server',
    says: 'The text of the repository is sent to this address. The key is read from an environment variable and written nowhere.',
    first: {
      provider: 'openai-compatible',
      url: 'https://api.openai.com/v1',
      model: 'text-embedding-3-small',
      dimensions: null,
      keyVariable: 'OPENAI_API_KEY',
    },
  },
  ollama: {
    name: 'Ollama',
    says: 'A server on this machine or in your network.',
    first: { provider: 'ollama', url: 'http://127.0.0.1:11434', model: 'nomic-embed-text' },
  },
  onnx: { name: 'Local ONNX model', says: 'A folder with model.onnx and tokenizer.json.', first: { provider: 'onnx', folder: '' } },
}

interface Props {
  readonly settings: EmbeddingSettings
  readonly onChange: (settings: EmbeddingSettings) => void
}

/** Which provider makes the vectors, and where it is. Vectors of one are never compared with those of another. */
export function EmbeddingFields({ settings, onChange }: Props) {
  return (
    <div className="search-filters">
      <label>
        <span className="faint">Provider</span>
        <select
          className="field"
          value={settings.provider}
          onChange={(event) => {
            const chosen = Object.entries(PROVIDERS).find(([provider]) => provider === event.target.value)
            if (chosen !== undefined) onChange(chosen[1].first)
          }}
        >
          {Object.entries(PROVIDERS).map(([provider, { name }]) => (
            <option key={provider} value={provider}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p className="muted">{PROVIDERS[settings.provider].says}</p>
      {'url' in settings && <Field label="Address" value={settings.url} onChange={(url) => onChange({ ...settings, url })} />}
      {'model' in settings && <Field label="Model" value={settings.model} onChange={(model) => onChange({ ...settings, model })} />}
      {settings.provider === 'openai-compatible' && (
        <>
          <Field
            label="Dimensions"
            placeholder="The model’s own"
            value={settings.dimensions === null ? '' : String(settings.dimensions)}
            onChange={(text) => onChange({ ...settings, dimensions: /^\d+$/.test(text) ? Number(text) : null })}
          />
          <Field
            label="Variable of the key"
            placeholder="None is sent"
            value={settings.keyVariable ?? ''}
            onChange={(text) => onChange({ ...settings, keyVariable: text === '' ? null : text })}
          />
        </>
      )}
      {settings.provider === 'onnx' && (
        <Field label="Folder" value={settings.folder} onChange={(folder) => onChange({ ...settings, folder })} />
      )}
    </div>
  )
}

function Field(props: { label: string; value: string; placeholder?: string; onChange: (text: string) => void }) {
  return (
    <label>
      <span className="faint">{props.label}</span>
      <input
        className="field"
        spellCheck={false}
        placeholder={props.placeholder}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </label>
  )
}
