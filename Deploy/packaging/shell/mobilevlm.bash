# Completion of mobilevlm for bash: the program itself knows its commands and options, so that this never becomes outdated.
_mobilevlm() {
    local word=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    case $word in
        */* | .*) ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$(mobilevlm "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "$word") ;;
    esac
    # Otherwise it is a file or a folder.
    [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _mobilevlm mobilevlm
