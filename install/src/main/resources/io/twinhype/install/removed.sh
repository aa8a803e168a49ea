[ -d "/lib/modules/$release/updates/twinhype" ] || exit 0
if ! run hypervisor uninstall --kernel-release "$release"; then
    say "hypervisors A and B of kernel $release were not removed: $(reason). All that was said is in $log."
fi
exit 0
