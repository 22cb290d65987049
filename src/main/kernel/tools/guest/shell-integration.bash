# Runs inside the sandbox as the rcfile of a session's bash. Tells the kernel where commands start and end, by marks that carry a
# number which no program's output can know, and writes the shell's state at each prompt. KEYFRAME_SHELL names a file of
# NUL-terminated fields: nonce, exchange folder, session, number of the file with the state to restore (or nothing).
#
# All names in here start with __kf. Written for shells whose user changed IFS, set -eux, traps, aliases, the prompt or functions
# named like builtins. Functions begin with `local -`, so that they run with options of their own.

if [[ -z ${KEYFRAME_SHELL-} || ! -r $KEYFRAME_SHELL ]]; then
  printf 'keyframe: the session file is missing\n' >&2
  exit 97
fi
{ IFS= read -rd '' __kf_nonce; IFS= read -rd '' __kf_dir; IFS= read -rd '' __kf_session; IFS= read -rd '' __kf_restore; } <"$KEYFRAME_SHELL"
unset KEYFRAME_SHELL HISTFILE MAILCHECK
# Lists are read back from a file, which is never cut: a command substitution would cost a process each, a truncation a flush.
__kf_list=$__kf_dir/$__kf_session.list
readonly __kf_nonce __kf_dir __kf_session __kf_list
__kf_id= __kf_seq=0 __kf_command= __kf_status=0

# Names that belong to bash, to this file or to the terminal: not carried over.
readonly __kf_skipped=' BASH BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_EXECUTION_STRING BASH_LINENO BASH_LOADABLES_PATH BASH_MONOSECONDS BASH_REMATCH BASH_SOURCE BASH_SUBSHELL BASH_TRAPSIG BASH_VERSINFO BASH_VERSION COLUMNS COMP_WORDBREAKS COPROC COPROC_PID DIRSTACK EPOCHREALTIME EPOCHSECONDS EUID FUNCNAME GROUPS HISTCMD HOSTNAME HOSTTYPE LINENO LINES MACHTYPE OPTERR OPTIND OSTYPE PIPESTATUS PPID PROMPT_COMMAND PS0 PS1 PWD RANDOM SECONDS SHELLOPTS SHLVL SRANDOM TERM UID _ MAPFILE READLINE_LINE READLINE_POINT READLINE_MARK READLINE_ARGUMENT '

# What the sandbox gave. It is another sandbox's business after a restore or fork (ports, folders), so only what was changed is kept.
declare -A __kf_given=()
mapfile -t __kf_field <<<"$(compgen -e)"
for __kf_name in "${__kf_field[@]}"; do
  [[ -z $__kf_name || $__kf_skipped == *" $__kf_name "* ]] || __kf_given[$__kf_name]=${!__kf_name}
done
__kf_limits=$(ulimit -Sa)
__kf_tty=$(stty -g 2>/dev/null </dev/tty)
__kf_descriptors_given=' '
for __kf_name in "/proc/$BASHPID/fd"/*; do __kf_descriptors_given+="${__kf_name##*/} "; done
readonly __kf_limits __kf_descriptors_given

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

readonly __kf_ps0=$'\e]633;'"$__kf_nonce"$';C\a' __kf_ps1='\[\e]633;'"$__kf_nonce"';B\a\]'
# Traps are asked for here since functions have DEBUG and RETURN traps of their own. What a DEBUG trap prints here is nobody's.
readonly __kf_hook='{ __kf_status=$?; \builtin trap -p >|"$__kf_dir/$__kf_session.traps" || \builtin :; \__kf_prompt || \builtin :; } >/dev/null 2>/dev/null'

# A mark's letter and fields, to the terminal wherever the shell's output goes.
__kf_mark() {
  builtin local __kf_text
  builtin printf -v __kf_text ';%s' "$@"
  builtin printf '\e]633;%s%s\a' "$__kf_nonce" "$__kf_text" >/dev/tty
}

# Puts the hooks back when a command changed the prompt variables; says 1 when one is read-only.
__kf_install() {
  builtin local - __kf_result=0
  builtin set +eux
  if [[ ${PS0-} != *"$__kf_nonce"* ]]; then
    if [[ ${PS0@a} == *r* ]]; then __kf_result=1; else PS0=${PS0-}$__kf_ps0; fi
  fi
  if [[ ${PS1-} != *"$__kf_nonce"* ]]; then
    if [[ ${PS1@a} == *r* ]]; then __kf_result=1; else PS1=${PS1-}$__kf_ps1; fi
  fi
  if [[ ${PROMPT_COMMAND[0]-} != "$__kf_hook" ]]; then
    if [[ ${PROMPT_COMMAND@a} == *r* ]]; then __kf_result=1; else PROMPT_COMMAND=("$__kf_hook" "${PROMPT_COMMAND[@]}"); fi
  fi
  builtin return "$__kf_result"
}

# Begins command $1, whose text is in a file, so that it can be anything. Keeps $?: called as `__kf ID && builtin :`, which neither ends a
# shell with set -e nor runs an ERR trap.
__kf() {
  builtin local - __kf_last=$? __kf_text
  builtin set +eux
  __kf_id=$1
  builtin mapfile -d '' -t __kf_text <"$__kf_dir/$__kf_session.$1.command"
  __kf_command=${__kf_text[0]-}
  builtin history -s -- "$__kf_command"
  __kf_mark E "$1"
  builtin return "$__kf_last"
}

__kf_end() {
  builtin local - __kf_last=$?
  builtin set +eux
  if ! __kf_install && [[ ${PROMPT_COMMAND[0]-} != "$__kf_hook" ]]; then
    __kf_status=$__kf_last
    __kf_prompt
  fi
  builtin return "$__kf_last"
}

# Texts of what bash lists, by the place in __kf_lists: variables, exported ones, declarations, functions, limits, options.
__kf_read_lists() {
  { builtin compgen -v; builtin printf '\0'; builtin compgen -e; builtin printf '\0'; builtin declare -p; builtin printf '\0'
    builtin declare -F; builtin printf '\0'; builtin ulimit -Sa; builtin printf '\0'; } 1<>"$__kf_list"
  builtin mapfile -d '' -n 5 -t __kf_lists <"$__kf_list"
}

__kf_variables() {
  builtin local __kf_name __kf_names __kf_here=' '
  builtin local -a __kf_kept
  builtin mapfile -t __kf_names <<<"${__kf_lists[0]}"
  for __kf_name in "${__kf_names[@]}"; do
    [[ $__kf_name == __kf* || $__kf_skipped == *" $__kf_name "* ]] && builtin continue
    __kf_here+="$__kf_name "
    [[ ${__kf_given[$__kf_name]+given} && ${__kf_given[$__kf_name]} == "${!__kf_name-}" && ${!__kf_name@a} == x ]] && builtin continue
    __kf_kept+=("$__kf_name")
  done
  [[ ${#__kf_kept[@]} == 0 ]] || builtin declare -p -- "${__kf_kept[@]}" 2>/dev/null
  # Names with attributes and no value.
  builtin mapfile -t __kf_names <<<"${__kf_lists[2]}"
  for __kf_name in "${__kf_names[@]}"; do
    [[ $__kf_name =~ ^declare\ -[-a-zA-Z]+\ ([a-zA-Z_][a-zA-Z0-9_]*)$ ]] || builtin continue
    [[ ${BASH_REMATCH[1]} == __kf* || $__kf_skipped == *" ${BASH_REMATCH[1]} "* ]] || builtin printf '%s\n' "$__kf_name"
  done
  for __kf_name in "${!__kf_given[@]}"; do
    [[ $__kf_here == *" $__kf_name "* ]] || builtin printf 'unset -v %s\n' "$__kf_name"
  done
  builtin printf 'PS1=%q\nPS0=%q\n' "${PS1//"$__kf_ps1"/}" "${PS0//"$__kf_ps0"/}"
  builtin printf 'PROMPT_COMMAND=('
  for __kf_name in "${PROMPT_COMMAND[@]}"; do
    [[ $__kf_name == "$__kf_hook" ]] || builtin printf '%q ' "$__kf_name"
  done
  builtin printf ')\n'
}

__kf_functions() {
  builtin local __kf_line __kf_lines
  builtin mapfile -t __kf_lines <<<"${__kf_lists[3]}"
  for __kf_line in "${__kf_lines[@]}"; do
    [[ -n $__kf_line && ${__kf_line##* } != __kf* ]] || builtin continue
    builtin declare -f -- "${__kf_line##* }"
    [[ $__kf_line == 'declare -f '* ]] || builtin printf '%s\n' "$__kf_line"
  done
}

# The directory stack below its top, quoted, one a line.
__kf_directories() {
  builtin local __kf_at
  for ((__kf_at = 1; __kf_at < ${#DIRSTACK[@]}; __kf_at += 1)); do
    builtin printf '%q\n' "$(builtin dirs -l "+$__kf_at")"
  done
}

# Soft limits that differ from those that the sandbox gave.
__kf_changed_limits() {
  builtin local __kf_line __kf_lines
  [[ ${__kf_lists[4]} != "$__kf_limits"$'\n' ]] || builtin return 0
  builtin mapfile -t __kf_lines <<<"${__kf_lists[4]}"
  for __kf_line in "${__kf_lines[@]}"; do
    [[ $'\n'$__kf_limits$'\n' == *$'\n'"$__kf_line"$'\n'* ]] || builtin printf '%s\n' "$__kf_line"
  done
}

# Descriptors that the shell itself holds open beside its terminal, with what they are, one a line, in __kf_open.
__kf_descriptors() {
  builtin local __kf_path __kf_own=/proc/$BASHPID/fd
  for __kf_path in "$__kf_own"/*; do
    case ${__kf_path##*/} in
      0 | 1 | 2 | 255 | '*') ;;
      # Where bash keeps what is redirected during the hook.
      *) [[ $__kf_descriptors_given == *" ${__kf_path##*/} "* || $__kf_path -ef $__kf_own/255 ]] || __kf_open+="${__kf_path##*/} $(builtin command -p readlink "$__kf_path")"$'\n' ;;
    esac
  done
}

__kf_environment() {
  builtin local __kf_name __kf_names
  builtin mapfile -t __kf_names <<<"${__kf_lists[1]}"
  for __kf_name in "${__kf_names[@]}"; do
    [[ -z $__kf_name || $__kf_name == OLDPWD || $__kf_skipped == *" $__kf_name "* ]] || builtin printf '%s=%s\0' "$__kf_name" "${!__kf_name-}"
  done
}

# Fields of the state file, in order. The kernel and the restore below count on it.
__kf_state() {
  builtin printf 'keyframe-shell-2\0%s\0%s\0%s\0' "$__kf_seq" "$1" "$PWD"
  builtin umask; builtin printf '\0'
  builtin shopt -p; builtin printf '\0%s\0' "$2"
  __kf_variables; builtin printf '\0'
  __kf_functions; builtin printf '\0'
  builtin alias -p; builtin printf '\0'
  builtin printf '%s\0' "$3"
  builtin jobs -l; builtin printf '\0'
  __kf_directories; builtin printf '\0'
  __kf_changed_limits; builtin printf '\0'
  builtin printf '%s\0' "$4"
  __kf_environment
  builtin printf 'end\0'
}

# A program may leave the terminal unable to show or take lines. Other settings are the user's. Costs two programs, so it is not done
# where no process was made since the last time, which a process namespace of one's own tells (elsewhere somebody always makes some).
__kf_check_tty() {
  builtin local __kf_now __kf_all
  builtin mapfile -n 1 -t __kf_now </proc/loadavg
  [[ -z ${__kf_now[0]-} || ${__kf_now[0]##* } != "${__kf_last_process-}" ]] || builtin return 0
  __kf_now=$(builtin command -p stty -g </dev/tty)
  if [[ -z $__kf_now || $__kf_now == "$__kf_tty" ]]; then
    builtin mapfile -n 1 -t __kf_now </proc/loadavg
    __kf_last_process=${__kf_now[0]##* }
    builtin return 0
  fi
  __kf_all=" $(builtin command -p stty -a </dev/tty) "
  __kf_all=${__kf_all//[$'\n';]/ }
  case $__kf_all in
    *' -icanon '* | *' -echo '* | *' -isig '* | *' -opost '* | *' -onlcr '* | *' -icrnl '* | *' -iexten '*)
      builtin command -p stty icanon echo isig opost onlcr icrnl iexten min 1 time 0 </dev/tty
      __kf_now=$(builtin command -p stty -g </dev/tty)
      ;;
  esac
  __kf_tty=$__kf_now
}

__kf_prompt() {
  # Before the options are changed: as they are to be kept.
  { builtin set +o; builtin printf '\0'; } 1<>"$__kf_list"
  builtin local - __kf_traps __kf_open= __kf_set __kf_lists
  builtin set +euxvfC
  builtin mapfile -d '' -n 1 -t __kf_set <"$__kf_list"
  __kf_read_lists
  __kf_descriptors
  builtin mapfile -d '' -t __kf_traps <"$__kf_dir/$__kf_session.traps"
  __kf_seq=$((__kf_seq + 1))
  HISTTIMEFORMAT=${HISTTIMEFORMAT-} builtin history -w "$__kf_dir/$__kf_session.history"
  __kf_state "$__kf_status" "${__kf_set[0]-}" "${__kf_traps[0]-}" "$__kf_open" >|"$__kf_dir/$__kf_session.state"
  __kf_check_tty
  __kf_mark D "$__kf_id" "$__kf_status" "$__kf_seq"
  __kf_id=
  __kf_install || __kf_mark B
}
readonly -f __kf __kf_read_lists __kf_changed_limits __kf_check_tty __kf_descriptors __kf_directories __kf_end __kf_environment __kf_functions \
  __kf_install __kf_mark __kf_prompt __kf_state __kf_variables

# Top level, since `declare` in a function would make locals. What cannot be restored is said on the terminal, and found by the kernel
# in the state of the first prompt. States of before version 2 have no directory stack, limits, descriptors and environment.
if [[ -n $__kf_restore ]]; then
  mapfile -d '' -t __kf_field <"$__kf_dir/$__kf_session.$__kf_restore.restore"
  if [[ ${__kf_field[0]-} == keyframe-shell-[12] && ${__kf_field[-1]-} == end ]]; then
    history -c
    # Lines of one entry belong together where there are times between entries.
    HISTTIMEFORMAT= history -r "$__kf_dir/$__kf_session.$__kf_restore.history"
    eval "umask ${__kf_field[4]}"
    cd -- "${__kf_field[3]}" || printf 'keyframe: %s is not there any more\n' "${__kf_field[3]}"
    unset -v OLDPWD
    if [[ ${__kf_field[0]} == keyframe-shell-2 ]]; then
      mapfile -t __kf_line <<<"${__kf_field[12]}"
      for ((__kf_at = ${#__kf_line[@]} - 1; __kf_at >= 0; __kf_at -= 1)); do
        [[ -z ${__kf_line[__kf_at]} ]] || eval "[[ -d ${__kf_line[__kf_at]} ]] && pushd -n -- ${__kf_line[__kf_at]} >/dev/null"
      done
      while IFS= read -r __kf_name; do
        [[ ! $__kf_name =~ -([a-z])\)\ +([0-9]+|unlimited)$ ]] || ulimit -S "-${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
      done <<<"${__kf_field[13]}"
    fi
    eval "${__kf_field[5]}"
    # From here on a restored variable is the user's, also where it is what the sandbox gives.
    while IFS= read -r __kf_name; do
      [[ ! $__kf_name =~ ^declare\ [-a-zA-Z]+\ ([a-zA-Z_][a-zA-Z0-9_]*) ]] || unset -v "__kf_given[${BASH_REMATCH[1]}]"
    done <<<"${__kf_field[7]}"
    eval "${__kf_field[7]}"
    eval "${__kf_field[8]}"
    eval "${__kf_field[9]}"
    __kf_install
    __kf_options=${__kf_field[6]} __kf_traps=${__kf_field[10]}
    unset __kf_field __kf_line __kf_name __kf_at
    eval "$__kf_options"
    eval "$__kf_traps"
  else
    printf 'keyframe: the captured shell state is damaged; this is a new shell\n'
  fi
fi
unset __kf_field __kf_line __kf_name __kf_at __kf_options __kf_traps
__kf_install
