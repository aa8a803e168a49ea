if [ "$needs_headers" = yes ] && [ ! -e "/lib/modules/$release/build/Module.symvers" ]; then
    say "kernel $release has no headers yet: hypervisors A and B are built for it when linux-headers-$release is" \
        "installed; until then it runs stock KVM."
    exit 0
fi
say "building hypervisors A and B for kernel $release (some minutes)"
if run hypervisor install --kernel-release "$release" @ARGUMENTS@; then
    say "hypervisors A and B are installed for kernel $release."
elif [ -e "/lib/modules/$release/updates/twinhype/twinhype_a.ko" ]; then
    say "KERNEL $release KEEPS ITS OLD HYPERVISORS A AND B: $(reason). All that was said is in $log."
else
    say "KERNEL $release HAS NO HYPERVISORS A AND B and will run stock KVM: $(reason). All that was said is in $log." \
        "Then type: $launcher hypervisor install --kernel-release $release" @ARGUMENTS@
fi
exit 0
