# Runs inside the sandbox as the rcfile of a session's bash. Tells the kernel where commands start and end, by marks that carry a
# number which no program's output can know, and writes the shell's state at each prompt. KEYFRAME_SHELL names a file of
# NUL-terminated fields: nonce, exchange folder, session, number of the file with the state to restore (or nothing).
#
# All names in here start with __kf. Written for shells whose user changed IFS, set -eux, aliases or functions named like builtins.

if [[ -z ${KEYFRAME_SHELL-} || ! -r $KEYFRAME_SHELL ]]; then
  printf 'keyframe: the session file is missing\n' >&2
  exit 97
fi
{ IFS= read -rd '' __kf_nonce; IFS= read -rd '' __kf_dir; IFS= read -rd '' __kf_session; IFS= read -rd '' __kf_restore; } <"$KEYFRAME_SHELL"
unset KEYFRAME_SHELL HISTFILE MAILCHECK
readonly __kf_nonce __kf_dir __kf_session
__kf_id= __kf_seq=0 __kf_command=

HISTSIZE=1000
HISTCONTROL=ignoreboth
PS1='\w \$ '
PS0=
PROMPT_COMMAND=()
set +o histexpand
shopt -s checkwinsize cmdhist lithist

# The kernel's keys: empties the line that somebody may have begun to type.
bind -m emacs '"\e[9001~": kill-whole-line'
bind -m vi-insert '"\e[9001~": kill-whole-line'
bind -m vi-command '"\e[9001~": "ddi"'

# Names that belong to bash, to this file or to the terminal: not carried over.
readonly __kf_skipped=' BASH BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_EXECUTION_STRING BASH_LINENO BASH_LOADABLES_PATH BASH_MONOSECONDS BASH_REMATCH BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO BASH_VERSION COLUMNS COMP_WORDBREAKS DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD HOSTNAME HOSTTYPE LINENO LINES MACHTYPE OPTERR OPTIND OSTYPE PIPESTATUS PPID PROMPT_COMMAND PS0 PS1 PWD OLDPWD RANDOM SECONDS SHELLOPTS SHLVL SRANDOM TERM UID _ MAPFILE READLINE_LINE READLINE_POINT READLINE_MARK READLINE_ARGUMENT '
readonly __kf_ps0=$'\e]633;'"$__kf_nonce"$';C\a' __kf_ps1='\[\e]633;'"$__kf_nonce"';B\a\]' __kf_hook='{ __kf_prompt || :; } 2>/dev/null'

# A mark's letter and fields, to the terminal wherever the shell's output goes.
__kf_mark() {
  builtin printf '\e]633;%s' "$__kf_nonce" >/dev/tty
  builtin printf ';%s' "$@" >/dev/tty
  builtin printf '\a' >/dev/tty
}

# Puts the hooks back when a command changed the prompt variables.
__kf_install() {
  [[ ${PS0-} == *"$__kf_nonce"* ]] || PS0=${PS0-}$__kf_ps0
  [[ ${PS1-} == *"$__kf_nonce"* ]] || PS1=${PS1-}$__kf_ps1
  [[ ${PROMPT_COMMAND[0]-} == "$__kf_hook" ]] || PROMPT_COMMAND=("$__kf_hook" "${PROMPT_COMMAND[@]}")
}

# Begins command $1, whose text is in a file, so that it can be anything. Keeps $?.
__kf() {
  local __kf_status=$?
  __kf_id=$1
  __kf_command=
  IFS= builtin read -rd '' __kf_command <"$__kf_dir/$__kf_session.$1.command" || :
  builtin history -s -- "$__kf_command"
  __kf_mark E "$1"
  [[ $- != *e* ]] || builtin return 0
  builtin return "$__kf_status"
}

__kf_end() {
  local __kf_status=$?
  __kf_install
  builtin return "$__kf_status"
}

__kf_variables() {
  local __kf_name __kf_names __kf_kept=()
  builtin mapfile -t __kf_names <<<"$(builtin compgen -v)"
  for __kf_name in "${__kf_names[@]}"; do
    [[ $__kf_name == __kf* || $__kf_skipped == *" $__kf_name "* ]] || __kf_kept+=("$__kf_name")
  done
  builtin declare -p -- "${__kf_kept[@]}" 2>/dev/null
  builtin printf 'PS1=%q\nPS0=%q\n' "${PS1//"$__kf_ps1"/}" "${PS0//"$__kf_ps0"/}"
  builtin printf 'PROMPT_COMMAND=('
  for __kf_name in "${PROMPT_COMMAND[@]}"; do
    [[ $__kf_name == "$__kf_hook" ]] || builtin printf '%q ' "$__kf_name"
  done
  builtin printf ')\n'
}

__kf_functions() {
  local __kf_line __kf_lines
  builtin mapfile -t __kf_lines <<<"$(builtin declare -F)"
  for __kf_line in "${__kf_lines[@]}"; do
    [[ -n $__kf_line && ${__kf_line##* } != __kf* ]] || continue
    builtin declare -f -- "${__kf_line##* }"
    [[ $__kf_line == 'declare -f '* ]] || builtin printf '%s\n' "$__kf_line"
  done
}

# Fields of the state file, in order. The kernel and the restore below count on it.
__kf_state() {
  builtin printf 'keyframe-shell-1\0%s\0%s\0%s\0' "$__kf_seq" "$1" "$PWD"
  builtin umask; builtin printf '\0'
  builtin shopt -p; builtin printf '\0'
  builtin set +o; builtin printf '\0'
  __kf_variables; builtin printf '\0'
  __kf_functions; builtin printf '\0'
  builtin alias -p; builtin printf '\0'
  builtin trap -p; builtin printf '\0'
  builtin jobs -l; builtin printf '\0end\0'
}

__kf_prompt() {
  local __kf_status=$?
  __kf_seq=$((__kf_seq + 1))
  HISTTIMEFORMAT=${HISTTIMEFORMAT-} builtin history -w "$__kf_dir/$__kf_session.history"
  __kf_state "$__kf_status" >|"$__kf_dir/$__kf_session.state"
  __kf_mark D "$__kf_id" "$__kf_status" "$__kf_seq"
  __kf_id=
  __kf_install
}
readonly -f __kf __kf_end __kf_functions __kf_install __kf_mark __kf_prompt __kf_state __kf_variables

# Top level, since `declare` in a function would make locals. What cannot be restored is said on the terminal.
if [[ -n $__kf_restore ]]; then
  mapfile -d '' -t __kf_field <"$__kf_dir/$__kf_session.$__kf_restore.restore"
  if [[ ${__kf_field[0]-} == keyframe-shell-1 && ${__kf_field[12]-} == end ]]; then
    history -c
    history -r "$__kf_dir/$__kf_session.$__kf_restore.history"
    eval "umask ${__kf_field[4]}"
    cd -- "${__kf_field[3]}" || printf 'keyframe: %s is not there any more\n' "${__kf_field[3]}"
    eval "${__kf_field[5]}"
    eval "${__kf_field[7]}"
    eval "${__kf_field[8]}"
    eval "${__kf_field[9]}"
    eval "${__kf_field[10]}"
    __kf_install
    __kf_command=${__kf_field[6]}
    unset __kf_field
    eval "$__kf_command"
  else
    printf 'keyframe: the captured shell state is damaged; this is a new shell\n'
  fi
fi
__kf_install
