#!/bin/bash

__flare_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__flare_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__flare_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__flare_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_flare() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    pipelines|buckets|queues|workflows|workers|deploy|dev|tail|step|engine|env|help)
        # Offer subcommand argument completions
        "_flare_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'pipelines buckets queues workflows workers deploy dev tail step engine env help' -- "${cur}"))
        ;;
    esac
}

_flare_pipelines() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|get|update|delete|send|flush|wait|tail|metrics|schema|tokens|rejects)
        # Offer subcommand argument completions
        "_flare_pipelines_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list get update delete send flush wait tail metrics schema tokens rejects' -- "${cur}"))
        ;;
    esac
}

_flare_pipelines_create() {
    repeating_flags=()
    non_repeating_flags=(--json --require-http-auth --no-require-http-auth --kafka-metadata --no-kafka-metadata --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --destination-bucket --batch-size --batch-timeout-secs --batch-max-rows --batch-on-json-key --prefix --partition-by --format --compression --compression-level --schema --transform --concurrency --max-latency --cors-origins)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--destination-bucket')
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines create -- --destination-bucket "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--batch-size')
        return
        ;;
    '--batch-timeout-secs')
        return
        ;;
    '--batch-max-rows')
        return
        ;;
    '--batch-on-json-key')
        return
        ;;
    '--prefix')
        return
        ;;
    '--partition-by')
        return
        ;;
    '--format')
        __flare_add_completions -W 'ndjson'$'\n''json'$'\n''parquet'
        return
        ;;
    '--compression')
        __flare_add_completions -W 'none'$'\n''gzip'$'\n''zstd'$'\n''snappy'
        return
        ;;
    '--compression-level')
        return
        ;;
    '--schema')
        __flare_add_completions -o plusdirs -fX '!*.@(json)'
        return
        ;;
    '--transform')
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines create -- --transform "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--concurrency')
        return
        ;;
    '--max-latency')
        return
        ;;
    '--cors-origins')
        return
        ;;
    esac
}

_flare_pipelines_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_pipelines_get() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines get -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_update() {
    repeating_flags=()
    non_repeating_flags=(--json --require-http-auth --no-require-http-auth --kafka-metadata --no-kafka-metadata --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --destination-bucket --batch-size --batch-timeout-secs --batch-max-rows --batch-on-json-key --prefix --partition-by --format --compression --compression-level --schema --transform --concurrency --max-latency --cors-origins)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--destination-bucket')
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines update -- --destination-bucket "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--batch-size')
        return
        ;;
    '--batch-timeout-secs')
        return
        ;;
    '--batch-max-rows')
        return
        ;;
    '--batch-on-json-key')
        return
        ;;
    '--prefix')
        return
        ;;
    '--partition-by')
        return
        ;;
    '--format')
        __flare_add_completions -W 'ndjson'$'\n''json'$'\n''parquet'
        return
        ;;
    '--compression')
        __flare_add_completions -W 'none'$'\n''gzip'$'\n''zstd'$'\n''snappy'
        return
        ;;
    '--compression-level')
        return
        ;;
    '--schema')
        __flare_add_completions -o plusdirs -fX '!*.@(json)'
        return
        ;;
    '--transform')
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines update -- --transform "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--concurrency')
        return
        ;;
    '--max-latency')
        return
        ;;
    '--cors-origins')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines update -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --discard --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_send() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines send -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -f
        return
        ;;
    esac
}

_flare_pipelines_flush() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines flush -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_wait() {
    repeating_flags=()
    non_repeating_flags=(--json --flush --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --offset --timeout)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--offset')
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines wait -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_tail() {
    repeating_flags=()
    non_repeating_flags=(--json --jsonl --version -h --help)
    repeating_options=(--where)
    non_repeating_options=(--state --stage --count)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--stage')
        __flare_add_completions -W 'before'$'\n''after'
        return
        ;;
    '--where')
        return
        ;;
    '--count')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines tail -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_metrics() {
    repeating_flags=()
    non_repeating_flags=(--json --watch --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --interval)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--interval')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines metrics -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_schema() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    show|set|clear)
        # Offer subcommand argument completions
        "_flare_pipelines_schema_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'show set clear' -- "${cur}"))
        ;;
    esac
}

_flare_pipelines_schema_show() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines schema show -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_schema_set() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines schema set -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -o plusdirs -fX '!*.@(json)'
        return
        ;;
    esac
}

_flare_pipelines_schema_clear() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines schema clear -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_tokens() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|revoke)
        # Offer subcommand argument completions
        "_flare_pipelines_tokens_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list revoke' -- "${cur}"))
        ;;
    esac
}

_flare_pipelines_tokens_create() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines tokens create -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_tokens_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines tokens list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_tokens_revoke() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines tokens revoke -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines tokens revoke -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_rejects() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|show|replay|purge)
        # Offer subcommand argument completions
        "_flare_pipelines_rejects_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list show replay purge' -- "${cur}"))
        ;;
    esac
}

_flare_pipelines_rejects_list() {
    repeating_flags=()
    non_repeating_flags=(--json --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --limit --cursor --label)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--limit')
        return
        ;;
    '--cursor')
        return
        ;;
    '--label')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines rejects list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_rejects_show() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines rejects show -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines rejects show -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_rejects_replay() {
    repeating_flags=()
    non_repeating_flags=(--json --all --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --patch --limit)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--patch')
        return
        ;;
    '--limit')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines rejects replay -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    *)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines rejects replay -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_pipelines_rejects_purge() {
    repeating_flags=()
    non_repeating_flags=(--json --all --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines rejects purge -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    *)
        __flare_add_completions -W "$(__flare_custom_complete ---completion pipelines rejects purge -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|info|delete|objects|notify|watch|cors|lifecycle|lock|dev-url|domain|keys)
        # Offer subcommand argument completions
        "_flare_buckets_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list info delete objects notify watch cors lifecycle lock dev-url domain keys' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_create() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_buckets_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_buckets_info() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets info -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_delete() {
    repeating_flags=()
    non_repeating_flags=(--json -r --recursive --force --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_objects() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    put|get|head|list|delete|copy|move|sync|presign)
        # Offer subcommand argument completions
        "_flare_buckets_objects_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'put get head list delete copy move sync presign' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_objects_put() {
    repeating_flags=()
    non_repeating_flags=(--json --recursive -r --follow-links --no-resume --jsonl --quiet -q --dry-run --version -h --help)
    repeating_options=(--include --exclude --metadata)
    non_repeating_options=(--state --prefix --if-match --if-none-match --content-type --content-encoding --content-disposition --content-language --cache-control --expires --storage-class --part-size --parallel)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--prefix')
        return
        ;;
    '--if-match')
        return
        ;;
    '--if-none-match')
        return
        ;;
    '--include')
        return
        ;;
    '--exclude')
        return
        ;;
    '--content-type')
        return
        ;;
    '--content-encoding')
        return
        ;;
    '--content-disposition')
        return
        ;;
    '--content-language')
        return
        ;;
    '--cache-control')
        return
        ;;
    '--expires')
        return
        ;;
    '--metadata')
        return
        ;;
    '--storage-class')
        __flare_add_completions -W 'Standard'$'\n''InfrequentAccess'
        return
        ;;
    '--part-size')
        return
        ;;
    '--parallel')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets objects put -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    *)
        __flare_add_completions -f
        return
        ;;
    esac
}

_flare_buckets_objects_get() {
    repeating_flags=()
    non_repeating_flags=(--json --recursive -r --no-resume --jsonl --quiet -q --dry-run --version -h --help)
    repeating_options=(--include --exclude)
    non_repeating_options=(--state --output -o --range --parallel)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--output'|'-o')
        __flare_add_completions -f
        return
        ;;
    '--range')
        return
        ;;
    '--include')
        return
        ;;
    '--exclude')
        return
        ;;
    '--parallel')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets objects get -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_objects_head() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets objects head -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_objects_list() {
    repeating_flags=()
    non_repeating_flags=(--json --recursive -r --all --summarize --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --prefix --delimiter --start-after --cursor --limit)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--prefix')
        return
        ;;
    '--delimiter')
        return
        ;;
    '--start-after')
        return
        ;;
    '--cursor')
        return
        ;;
    '--limit')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets objects list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_objects_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --recursive -r --dry-run --yes -y --jsonl --version -h --help)
    repeating_options=(--include --exclude)
    non_repeating_options=(--state --prefix)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--prefix')
        return
        ;;
    '--include')
        return
        ;;
    '--exclude')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets objects delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_objects_copy() {
    repeating_flags=()
    non_repeating_flags=(--json --recursive -r --jsonl --quiet -q --dry-run --version -h --help)
    repeating_options=(--include --exclude --metadata)
    non_repeating_options=(--state --content-type --content-encoding --content-disposition --content-language --cache-control --expires --storage-class --parallel --if-match --if-none-match)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--include')
        return
        ;;
    '--exclude')
        return
        ;;
    '--content-type')
        return
        ;;
    '--content-encoding')
        return
        ;;
    '--content-disposition')
        return
        ;;
    '--content-language')
        return
        ;;
    '--cache-control')
        return
        ;;
    '--expires')
        return
        ;;
    '--metadata')
        return
        ;;
    '--storage-class')
        __flare_add_completions -W 'Standard'$'\n''InfrequentAccess'
        return
        ;;
    '--parallel')
        return
        ;;
    '--if-match')
        return
        ;;
    '--if-none-match')
        return
        ;;
    esac
}

_flare_buckets_objects_move() {
    repeating_flags=()
    non_repeating_flags=(--json --recursive -r --jsonl --quiet -q --dry-run --version -h --help)
    repeating_options=(--include --exclude --metadata)
    non_repeating_options=(--state --content-type --content-encoding --content-disposition --content-language --cache-control --expires --storage-class --parallel)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--include')
        return
        ;;
    '--exclude')
        return
        ;;
    '--content-type')
        return
        ;;
    '--content-encoding')
        return
        ;;
    '--content-disposition')
        return
        ;;
    '--content-language')
        return
        ;;
    '--cache-control')
        return
        ;;
    '--expires')
        return
        ;;
    '--metadata')
        return
        ;;
    '--storage-class')
        __flare_add_completions -W 'Standard'$'\n''InfrequentAccess'
        return
        ;;
    '--parallel')
        return
        ;;
    esac
}

_flare_buckets_objects_sync() {
    repeating_flags=()
    non_repeating_flags=(--json --delete --dry-run --checksum --size-only --follow-links --no-resume --jsonl --quiet -q --version -h --help)
    repeating_options=(--include --exclude --metadata)
    non_repeating_options=(--state --content-type --content-encoding --content-disposition --content-language --cache-control --expires --storage-class --part-size --parallel)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--include')
        return
        ;;
    '--exclude')
        return
        ;;
    '--content-type')
        return
        ;;
    '--content-encoding')
        return
        ;;
    '--content-disposition')
        return
        ;;
    '--content-language')
        return
        ;;
    '--cache-control')
        return
        ;;
    '--expires')
        return
        ;;
    '--metadata')
        return
        ;;
    '--storage-class')
        __flare_add_completions -W 'Standard'$'\n''InfrequentAccess'
        return
        ;;
    '--part-size')
        return
        ;;
    '--parallel')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -d
        return
        ;;
    2)
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_buckets_objects_presign() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --method --expires-in --content-type --key-id)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--method')
        __flare_add_completions -W 'get'$'\n''put'$'\n''head'$'\n''delete'
        return
        ;;
    '--expires-in')
        return
        ;;
    '--content-type')
        return
        ;;
    '--key-id')
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets objects presign -- --key-id "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets objects presign -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_notify() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|delete|test)
        # Offer subcommand argument completions
        "_flare_buckets_notify_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list delete test' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_notify_create() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=(--event-type --event-types --action)
    non_repeating_options=(--state --queue --prefix --suffix --description)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets notify create -- --queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--event-type'|'--event-types')
        __flare_add_completions -W 'object-create'$'\n''object-delete'
        return
        ;;
    '--action')
        __flare_add_completions -W 'PutObject'$'\n''CopyObject'$'\n''CompleteMultipartUpload'$'\n''DeleteObject'$'\n''LifecycleDeletion'
        return
        ;;
    '--prefix')
        return
        ;;
    '--suffix')
        return
        ;;
    '--description')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets notify create -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_notify_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets notify list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_notify_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=(--rule)
    non_repeating_options=(--state --queue)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets notify delete -- --queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--rule')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets notify delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_notify_test() {
    repeating_flags=()
    non_repeating_flags=(--json --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --action)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--action')
        __flare_add_completions -W 'PutObject'$'\n''CopyObject'$'\n''CompleteMultipartUpload'$'\n''DeleteObject'$'\n''LifecycleDeletion'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets notify test -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_watch() {
    repeating_flags=()
    non_repeating_flags=(--json --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --prefix --since --count --timeout)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--prefix')
        return
        ;;
    '--since')
        return
        ;;
    '--count')
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets watch -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_cors() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|set|delete)
        # Offer subcommand argument completions
        "_flare_buckets_cors_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list set delete' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_cors_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets cors list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_cors_set() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --file)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--file')
        __flare_add_completions -f
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets cors set -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_cors_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets cors delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lifecycle() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|add|remove|set)
        # Offer subcommand argument completions
        "_flare_buckets_lifecycle_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list add remove set' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_lifecycle_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lifecycle list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lifecycle_add() {
    repeating_flags=()
    non_repeating_flags=(--json -y --yes --force --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --name --id --prefix --expire-days --expire-date --ia-transition-days --ia-transition-date --abort-multipart-days)
    __flare_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--name'|'--id')
        return
        ;;
    '--prefix')
        return
        ;;
    '--expire-days')
        return
        ;;
    '--expire-date')
        return
        ;;
    '--ia-transition-days')
        return
        ;;
    '--ia-transition-date')
        return
        ;;
    '--abort-multipart-days')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lifecycle add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lifecycle_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --name --id)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--name'|'--id')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lifecycle remove -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lifecycle_set() {
    repeating_flags=()
    non_repeating_flags=(--json -y --yes --force --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --file)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--file')
        __flare_add_completions -f
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lifecycle set -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lock() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|add|remove|set)
        # Offer subcommand argument completions
        "_flare_buckets_lock_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list add remove set' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_lock_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lock list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lock_add() {
    repeating_flags=()
    non_repeating_flags=(--json --retention-indefinite --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --name --id --prefix --retention-days --retention-date)
    __flare_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--name'|'--id')
        return
        ;;
    '--prefix')
        return
        ;;
    '--retention-days')
        return
        ;;
    '--retention-date')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lock add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lock_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --name --id)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--name'|'--id')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lock remove -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_lock_set() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --file)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--file')
        __flare_add_completions -f
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets lock set -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_dev-url() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    get|enable|disable)
        # Offer subcommand argument completions
        "_flare_buckets_dev-url_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'get enable disable' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_dev-url_get() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets dev-url get -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_dev-url_enable() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets dev-url enable -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_dev-url_disable() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets dev-url disable -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_domain() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|add|remove)
        # Offer subcommand argument completions
        "_flare_buckets_domain_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list add remove' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_domain_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets domain list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_domain_add() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --domain --zone-id --min-tls)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--domain')
        return
        ;;
    '--zone-id')
        return
        ;;
    '--min-tls')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets domain add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_domain_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --domain)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--domain')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets domain remove -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_buckets_keys() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|revoke)
        # Offer subcommand argument completions
        "_flare_buckets_keys_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list revoke' -- "${cur}"))
        ;;
    esac
}

_flare_buckets_keys_create() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=(--bucket)
    non_repeating_options=(--state --name --permission --expires-in)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--name')
        return
        ;;
    '--bucket')
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets keys create -- --bucket "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--permission')
        __flare_add_completions -W 'read'$'\n''write'
        return
        ;;
    '--expires-in')
        return
        ;;
    esac
}

_flare_buckets_keys_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_buckets_keys_revoke() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion buckets keys revoke -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|info|update|delete|send|peek|tail|consume|redrive|move|remove|purge|pause|resume|stats|export|import|consumers|subscriptions)
        # Offer subcommand argument completions
        "_flare_queues_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list info update delete send peek tail consume redrive move remove purge pause resume stats export import consumers subscriptions' -- "${cur}"))
        ;;
    esac
}

_flare_queues_create() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --delivery-delay --delivery-delay-secs --retention --message-retention-period-secs)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--delivery-delay'|'--delivery-delay-secs')
        return
        ;;
    '--retention'|'--message-retention-period-secs')
        return
        ;;
    esac
}

_flare_queues_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_queues_info() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues info -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_update() {
    repeating_flags=()
    non_repeating_flags=(--json --pause --resume --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --delivery-delay --delivery-delay-secs --retention --message-retention-period-secs --rename)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--delivery-delay'|'--delivery-delay-secs')
        return
        ;;
    '--retention'|'--message-retention-period-secs')
        return
        ;;
    '--rename')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues update -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_send() {
    repeating_flags=()
    non_repeating_flags=(--json --jsonl --envelope --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --delay --content-type --count)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--delay')
        return
        ;;
    '--content-type')
        __flare_add_completions -W 'json'$'\n''text'$'\n''bytes'$'\n''v8'
        return
        ;;
    '--count')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues send -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_peek() {
    repeating_flags=()
    non_repeating_flags=(--json --dead --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --where --limit --max)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    '--limit'|'--max')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues peek -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_tail() {
    repeating_flags=()
    non_repeating_flags=(--json --new --follow --no-follow --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --where --since --after --count --timeout)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    '--since')
        return
        ;;
    '--after')
        return
        ;;
    '--count')
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues tail -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consume() {
    repeating_flags=()
    non_repeating_flags=(--json --once --follow --ack --no-ack --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --count --max --timeout --batch-size --exec --parallel --visibility-timeout --retry-after)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--count'|'--max')
        return
        ;;
    '--timeout')
        return
        ;;
    '--batch-size')
        return
        ;;
    '--exec')
        return
        ;;
    '--parallel')
        return
        ;;
    '--visibility-timeout')
        return
        ;;
    '--retry-after')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consume -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_redrive() {
    repeating_flags=()
    non_repeating_flags=(--json --dry-run --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --where --to --rate --limit)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    '--to')
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues redrive -- --to "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--rate')
        return
        ;;
    '--limit')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues redrive -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_move() {
    repeating_flags=()
    non_repeating_flags=(--json --dead --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --where --rate --limit)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    '--rate')
        return
        ;;
    '--limit')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues move -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues move -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --dead --dry-run --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --where)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues remove -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_purge() {
    repeating_flags=()
    non_repeating_flags=(--json -y --yes --force --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues purge -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_pause() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues pause -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_resume() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues resume -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_stats() {
    repeating_flags=()
    non_repeating_flags=(--json --watch --jsonl --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --interval --count)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--interval')
        return
        ;;
    '--count')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues stats -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_export() {
    repeating_flags=()
    non_repeating_flags=(--json --resume --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --where --output -o --after)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    '--output'|'-o')
        __flare_add_completions -f
        return
        ;;
    '--after')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues export -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_import() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --on-error)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--on-error')
        __flare_add_completions -W 'stop'$'\n''skip'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues import -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -f
        return
        ;;
    esac
}

_flare_queues_consumers() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|add|remove|worker|http)
        # Offer subcommand argument completions
        "_flare_queues_consumers_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list add remove worker http' -- "${cur}"))
        ;;
    esac
}

_flare_queues_consumers_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_add() {
    repeating_flags=()
    non_repeating_flags=(--json --pull --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --worker --workflow --batch-size --batch-timeout --message-retries --retry-delay --retry-delay-secs --max-concurrency --dead-letter-queue --visibility-timeout --visibility-timeout-secs)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--worker')
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers add -- --worker "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--workflow')
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers add -- --workflow "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--batch-size')
        return
        ;;
    '--batch-timeout')
        return
        ;;
    '--message-retries')
        return
        ;;
    '--retry-delay'|'--retry-delay-secs')
        return
        ;;
    '--max-concurrency')
        return
        ;;
    '--dead-letter-queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers add -- --dead-letter-queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--visibility-timeout'|'--visibility-timeout-secs')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers remove -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_worker() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    add|remove|list)
        # Offer subcommand argument completions
        "_flare_queues_consumers_worker_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'add remove list' -- "${cur}"))
        ;;
    esac
}

_flare_queues_consumers_worker_add() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --batch-size --batch-timeout --message-retries --retry-delay --retry-delay-secs --max-concurrency --dead-letter-queue --visibility-timeout --visibility-timeout-secs)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--batch-size')
        return
        ;;
    '--batch-timeout')
        return
        ;;
    '--message-retries')
        return
        ;;
    '--retry-delay'|'--retry-delay-secs')
        return
        ;;
    '--max-concurrency')
        return
        ;;
    '--dead-letter-queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers worker add -- --dead-letter-queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--visibility-timeout'|'--visibility-timeout-secs')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers worker add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers worker add -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_worker_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers worker remove -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers worker remove -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_worker_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers worker list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_http() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    add|remove|list)
        # Offer subcommand argument completions
        "_flare_queues_consumers_http_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'add remove list' -- "${cur}"))
        ;;
    esac
}

_flare_queues_consumers_http_add() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --batch-size --batch-timeout --message-retries --retry-delay --retry-delay-secs --max-concurrency --dead-letter-queue --visibility-timeout --visibility-timeout-secs)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--batch-size')
        return
        ;;
    '--batch-timeout')
        return
        ;;
    '--message-retries')
        return
        ;;
    '--retry-delay'|'--retry-delay-secs')
        return
        ;;
    '--max-concurrency')
        return
        ;;
    '--dead-letter-queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers http add -- --dead-letter-queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--visibility-timeout'|'--visibility-timeout-secs')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers http add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_http_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers http remove -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_consumers_http_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues consumers http list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_subscriptions() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|get|update|delete)
        # Offer subcommand argument completions
        "_flare_queues_subscriptions_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list get update delete' -- "${cur}"))
        ;;
    esac
}

_flare_queues_subscriptions_create() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --source --events --name --enabled --worker-name --workflow-name)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--source')
        return
        ;;
    '--events')
        return
        ;;
    '--name')
        return
        ;;
    '--enabled')
        return
        ;;
    '--worker-name')
        return
        ;;
    '--workflow-name')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues subscriptions create -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_subscriptions_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --page --per-page)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--page')
        return
        ;;
    '--per-page')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues subscriptions list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_subscriptions_get() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --id)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--id')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues subscriptions get -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_subscriptions_update() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --id --name --events --enabled)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--id')
        return
        ;;
    '--name')
        return
        ;;
    '--events')
        return
        ;;
    '--enabled')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues subscriptions update -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_queues_subscriptions_delete() {
    repeating_flags=()
    non_repeating_flags=(--json -y --yes --force --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --id)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--id')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion queues subscriptions delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|run|instances|status|steps|logs|wait|metrics|pause|resume|terminate|send-event|replay|export|verify|triggers|backfill|delete)
        # Offer subcommand argument completions
        "_flare_workflows_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list run instances status steps logs wait metrics pause resume terminate send-event replay export verify triggers backfill delete' -- "${cur}"))
        ;;
    esac
}

_flare_workflows_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_workflows_run() {
    repeating_flags=()
    non_repeating_flags=(--json --if-not-exists --wait --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --name --params --id --timeout)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--name')
        return
        ;;
    '--params')
        __flare_add_completions -f
        return
        ;;
    '--id')
        return
        ;;
    '--timeout')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows run -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_instances() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --where --status --limit)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    '--status')
        __flare_add_completions -W 'queued'$'\n''running'$'\n''waiting'$'\n''waitingForPause'$'\n''paused'$'\n''rollingBack'$'\n''complete'$'\n''errored'$'\n''terminated'
        return
        ;;
    '--limit')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows instances -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_status() {
    repeating_flags=()
    non_repeating_flags=(--json --full --follow --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --run)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--run')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows status -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows status -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_steps() {
    repeating_flags=()
    non_repeating_flags=(--json --full --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --run)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--run')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows steps -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows steps -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_logs() {
    repeating_flags=()
    non_repeating_flags=(--json --follow --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --cursor --step --level --since)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--cursor')
        return
        ;;
    '--step')
        return
        ;;
    '--level')
        __flare_add_completions -W 'debug'$'\n''info'$'\n''warn'$'\n''error'
        return
        ;;
    '--since')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows logs -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows logs -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_wait() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --timeout --for)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--timeout')
        return
        ;;
    '--for')
        __flare_add_completions -W 'queued'$'\n''running'$'\n''waiting'$'\n''waitingForPause'$'\n''paused'$'\n''rollingBack'$'\n''complete'$'\n''errored'$'\n''terminated'$'\n''step='
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows wait -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows wait -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_metrics() {
    repeating_flags=()
    non_repeating_flags=(--json --watch --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --instance --interval)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--instance')
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows metrics -- --instance "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--interval')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows metrics -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_pause() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows pause -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows pause -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_resume() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows resume -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows resume -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_terminate() {
    repeating_flags=()
    non_repeating_flags=(--json --all --rollback --yes --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --status)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--status')
        __flare_add_completions -W 'queued'$'\n''running'$'\n''waiting'$'\n''waitingForPause'$'\n''paused'$'\n''rollingBack'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows terminate -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows terminate -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_send-event() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --type --payload)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--type')
        return
        ;;
    '--payload')
        __flare_add_completions -f
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows send-event -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows send-event -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_replay() {
    repeating_flags=()
    non_repeating_flags=(--json --from-failure --as-new --dry-run --force --wait --version -h --help)
    repeating_options=(--patch-output)
    non_repeating_options=(--state --where --from-step --input --version --rate)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--where')
        return
        ;;
    '--from-step')
        return
        ;;
    '--input')
        __flare_add_completions -f
        return
        ;;
    '--patch-output')
        return
        ;;
    '--version')
        return
        ;;
    '--rate')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows replay -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows replay -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_export() {
    repeating_flags=()
    non_repeating_flags=(--json --sensitive --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --run)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--run')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows export -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows export -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_verify() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --history --version)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--history')
        __flare_add_completions -f
        return
        ;;
    '--version')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows verify -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_triggers() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    add|list|runs|delete)
        # Offer subcommand argument completions
        "_flare_workflows_triggers_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'add list runs delete' -- "${cur}"))
        ;;
    esac
}

_flare_workflows_triggers_add() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --cron --catch-up --queue --batch-size --batch-timeout --max-retries --max-concurrency --dead-letter-queue)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--cron')
        return
        ;;
    '--catch-up')
        __flare_add_completions -W 'none'$'\n''last'$'\n''all'
        return
        ;;
    '--queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows triggers add -- --queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    '--batch-size')
        return
        ;;
    '--batch-timeout')
        return
        ;;
    '--max-retries')
        return
        ;;
    '--max-concurrency')
        return
        ;;
    '--dead-letter-queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows triggers add -- --dead-letter-queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows triggers add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_triggers_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows triggers list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_triggers_runs() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --limit)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--limit')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows triggers runs -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_triggers_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --cron --queue)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--cron')
        return
        ;;
    '--queue')
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows triggers delete -- --queue "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows triggers delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_backfill() {
    repeating_flags=()
    non_repeating_flags=(--json --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --from --to --cron --limit --rate)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--from')
        return
        ;;
    '--to')
        return
        ;;
    '--cron')
        return
        ;;
    '--limit')
        return
        ;;
    '--rate')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows backfill -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workflows_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --yes --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    *)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workflows delete -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|get|versions|rollback|secret|inspect|triggers|trigger-scheduled|backfill|delete)
        # Offer subcommand argument completions
        "_flare_workers_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list get versions rollback secret inspect triggers trigger-scheduled backfill delete' -- "${cur}"))
        ;;
    esac
}

_flare_workers_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_workers_get() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers get -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_versions() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers versions -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_rollback() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers rollback -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers rollback -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_secret() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    put|list|delete|bulk)
        # Offer subcommand argument completions
        "_flare_workers_secret_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'put list delete bulk' -- "${cur}"))
        ;;
    esac
}

_flare_workers_secret_put() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --from-file)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--from-file')
        __flare_add_completions -f
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers secret put -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers secret put -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_secret_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers secret list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_secret_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers secret delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers secret delete -- positional@1 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_secret_bulk() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers secret bulk -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    2)
        __flare_add_completions -f
        return
        ;;
    esac
}

_flare_workers_inspect() {
    repeating_flags=()
    non_repeating_flags=(--json --stop --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --port)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--port')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers inspect -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_triggers() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    add|list|runs|delete)
        # Offer subcommand argument completions
        "_flare_workers_triggers_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'add list runs delete' -- "${cur}"))
        ;;
    esac
}

_flare_workers_triggers_add() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --cron --catch-up)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--cron')
        return
        ;;
    '--catch-up')
        __flare_add_completions -W 'none'$'\n''last'$'\n''all'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers triggers add -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_triggers_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers triggers list -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_triggers_runs() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --limit)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--limit')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers triggers runs -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_triggers_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --cron)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--cron')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers triggers delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_trigger-scheduled() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --cron --time)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--cron')
        return
        ;;
    '--time')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers trigger-scheduled -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_backfill() {
    repeating_flags=()
    non_repeating_flags=(--json --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --from --to --cron --limit --rate)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--from')
        return
        ;;
    '--to')
        return
        ;;
    '--cron')
        return
        ;;
    '--limit')
        return
        ;;
    '--rate')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers backfill -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_workers_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --yes -y --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion workers delete -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_deploy() {
    repeating_flags=()
    non_repeating_flags=(--json --minify --dry-run --version -h --help)
    repeating_options=(--var --define --alias)
    non_repeating_options=(--state --env -e --name --concurrency --message --tag --outdir)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--env'|'-e')
        return
        ;;
    '--name')
        return
        ;;
    '--var')
        return
        ;;
    '--define')
        return
        ;;
    '--alias')
        return
        ;;
    '--concurrency')
        return
        ;;
    '--message')
        return
        ;;
    '--tag')
        return
        ;;
    '--outdir')
        __flare_add_completions -d
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_dev() {
    repeating_flags=()
    non_repeating_flags=(--json --minify --version -h --help)
    repeating_options=(--var --define --alias)
    non_repeating_options=(--state --env -e --name --port)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--env'|'-e')
        return
        ;;
    '--name')
        return
        ;;
    '--var')
        return
        ;;
    '--define')
        return
        ;;
    '--alias')
        return
        ;;
    '--port')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_tail() {
    repeating_flags=()
    non_repeating_flags=(--json --jsonl --version -h --help)
    repeating_options=(--status --method --header)
    non_repeating_options=(--state --format --search --sampling-rate --version-id)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--format')
        __flare_add_completions -W 'pretty'$'\n''json'
        return
        ;;
    '--status')
        __flare_add_completions -W 'ok'$'\n''error'$'\n''canceled'
        return
        ;;
    '--search')
        return
        ;;
    '--method')
        return
        ;;
    '--header')
        return
        ;;
    '--sampling-rate')
        return
        ;;
    '--version-id')
        __flare_add_completions -W "$(__flare_custom_complete ---completion tail -- --version-id "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __flare_add_completions -W "$(__flare_custom_complete ---completion tail -- positional@0 "${COMP_CWORD}" "$(__flare_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_flare_step() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    run|sleep|wait-event)
        # Offer subcommand argument completions
        "_flare_step_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'run sleep wait-event' -- "${cur}"))
        ;;
    esac
}

_flare_step_run() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --id --workflow --retries --delay --backoff --timeout --key --on-change)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--id')
        return
        ;;
    '--workflow')
        return
        ;;
    '--retries')
        return
        ;;
    '--delay')
        return
        ;;
    '--backoff')
        return
        ;;
    '--timeout')
        return
        ;;
    '--key')
        return
        ;;
    '--on-change')
        __flare_add_completions -W 'fail'$'\n''rerun'$'\n''keep'
        return
        ;;
    esac
}

_flare_step_sleep() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --id --workflow)
    __flare_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--id')
        return
        ;;
    '--workflow')
        return
        ;;
    esac
}

_flare_step_wait-event() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --id --workflow --timeout)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--id')
        return
        ;;
    '--workflow')
        return
        ;;
    '--timeout')
        return
        ;;
    esac
}

_flare_engine() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    start|stop|restart|status|logs|run|tokens|ca)
        # Offer subcommand argument completions
        "_flare_engine_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'start stop restart status logs run tokens ca' -- "${cur}"))
        ;;
    esac
}

_flare_engine_start() {
    repeating_flags=()
    non_repeating_flags=(--json --require-tls --no-require-tls --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --ingest-port --control-port --kafka-port --s3-port --tls-cert --tls-key)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--ingest-port')
        return
        ;;
    '--control-port')
        return
        ;;
    '--kafka-port')
        return
        ;;
    '--s3-port')
        return
        ;;
    '--tls-cert')
        __flare_add_completions -f
        return
        ;;
    '--tls-key')
        __flare_add_completions -f
        return
        ;;
    esac
}

_flare_engine_stop() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_engine_restart() {
    repeating_flags=()
    non_repeating_flags=(--json --require-tls --no-require-tls --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --ingest-port --control-port --kafka-port --s3-port --tls-cert --tls-key)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--ingest-port')
        return
        ;;
    '--control-port')
        return
        ;;
    '--kafka-port')
        return
        ;;
    '--s3-port')
        return
        ;;
    '--tls-cert')
        __flare_add_completions -f
        return
        ;;
    '--tls-key')
        __flare_add_completions -f
        return
        ;;
    esac
}

_flare_engine_status() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_engine_logs() {
    repeating_flags=()
    non_repeating_flags=(--json --follow --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --lines)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--lines')
        return
        ;;
    esac
}

_flare_engine_run() {
    repeating_flags=()
    non_repeating_flags=(--json --require-tls --no-require-tls --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --ingest-port --control-port --kafka-port --s3-port --tls-cert --tls-key)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--ingest-port')
        return
        ;;
    '--control-port')
        return
        ;;
    '--kafka-port')
        return
        ;;
    '--s3-port')
        return
        ;;
    '--tls-cert')
        __flare_add_completions -f
        return
        ;;
    '--tls-key')
        __flare_add_completions -f
        return
        ;;
    esac
}

_flare_engine_tokens() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    create|list|revoke)
        # Offer subcommand argument completions
        "_flare_engine_tokens_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'create list revoke' -- "${cur}"))
        ;;
    esac
}

_flare_engine_tokens_create() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_engine_tokens_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_engine_tokens_revoke() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_engine_ca() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    esac
}

_flare_env() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--state --shell)
    __flare_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--state')
        __flare_add_completions -d
        return
        ;;
    '--shell')
        __flare_add_completions -W 'sh'$'\n''fish'$'\n''powershell'
        return
        ;;
    esac
}

_flare_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __flare_offer_flags_options -1
}

complete -o filenames -F _flare flare
