// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be seen from outside: /sys/kernel/debug/twinhype/{twins,tags,cpus},
 * lines of "key value". Nothing here changes what a twin does.
 */
#include <linux/bitops.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include <asm/cpuid.h>
#include <asm/svm.h>

#include "base.h"

/* VPIDs have 16 bits; KVM hands out VMX_NR_VPIDS of them. */
#define VPIDS (1 << 16)

static struct dentry *directory;
static struct tag_range ranges[TWINHYPE_TWINS];
static char identities[TWINHYPE_TWINS][sizeof_field(struct twinhype_description, identity)];
static DEFINE_MUTEX(observe_lock);

u32 asid_count(void)
{
	return base_vendor == TWINHYPE_SVM ? cpuid_ebx(0x8000000a) : 0;
}

/* Tags: what the vCPUs of a twin had, beside what they may have. */

static void note(u32 twin, u32 tag)
{
	struct tag_range range = ranges[twin];
	struct tag_use *use;

	if (!tag)
		return;
	use = &get_cpu_ptr(&cpu_states)->tags[twin];
	if (!use->count || tag < use->min)
		use->min = tag;
	if (tag > use->max)
		use->max = tag;
	use->count++;
	if (tag < range.first || tag > range.last)
		use->outside++;
	put_cpu_ptr(&cpu_states);
}

void twinhype_svm_note_asid(u32 twin, u32 asid)
{
	note(twin, asid);
}
EXPORT_SYMBOL_GPL(twinhype_svm_note_asid);

void twinhype_vmx_note_vpid(u32 twin, u32 vpid)
{
	note(twin, vpid);
}
EXPORT_SYMBOL_GPL(twinhype_vmx_note_vpid);

static int tags_show(struct seq_file *file, void *unused)
{
	const char *kind = base_vendor == TWINHYPE_SVM ? "asid" : "vpid";
	u32 twin;
	int cpu;

	for (twin = 0; twin < TWINHYPE_TWINS; twin++) {
		struct tag_use sum = {};
		char letter = 'a' + twin;

		for_each_possible_cpu(cpu) {
			struct tag_use *use = &per_cpu_ptr(&cpu_states, cpu)->tags[twin];

			if (!use->count)
				continue;
			if (!sum.count || use->min < sum.min)
				sum.min = use->min;
			sum.max = max(sum.max, use->max);
			sum.count += use->count;
			sum.outside += use->outside;
		}
		seq_printf(file, "%c_%s_first %u\n", letter, kind, ranges[twin].first);
		seq_printf(file, "%c_%s_last %u\n", letter, kind, ranges[twin].last);
		seq_printf(file, "%c_%s_min %u\n", letter, kind, sum.min);
		seq_printf(file, "%c_%s_max %u\n", letter, kind, sum.max);
		seq_printf(file, "%c_%s_count %llu\n", letter, kind, sum.count);
		seq_printf(file, "%c_%s_outside %llu\n", letter, kind, sum.outside);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tags);

/* CPUs: references, and whose VMCB or VMCS is loaded. */

static void show_users(struct seq_file *file, int cpu, const char *what, u32 users)
{
	seq_printf(file, "cpu%d_%s_references %u\n", cpu, what, hweight32(users));
	seq_printf(file, "cpu%d_%s_users %s%s%s\n", cpu, what,
		   users & BIT(0) ? "a" : "", users & BIT(1) ? "b" : "", users ? "" : "none");
}

static void show_owner(struct seq_file *file, int cpu, const char *what, const void *loaded, u32 owner)
{
	if (loaded)
		seq_printf(file, "cpu%d_%s %c\n", cpu, what, 'a' + owner);
	else
		seq_printf(file, "cpu%d_%s none\n", cpu, what);
}

static int cpus_show(struct seq_file *file, void *unused)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct cpu_state *state = per_cpu_ptr(&cpu_states, cpu);

		if (base_vendor == TWINHYPE_SVM) {
			show_users(file, cpu, "svm", state->svm_users);
			show_owner(file, cpu, "vmcb", READ_ONCE(state->current_vmcb),
				   state->vmcb_owner);
		} else {
			show_users(file, cpu, "vmx", state->vmx_users);
			show_owner(file, cpu, "vmcs", READ_ONCE(state->current_vmcs),
				   state->vmcs_owner);
		}
	}
	cpus_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cpus);

/* Twins: which builds are attached. */

static int twins_show(struct seq_file *file, void *unused)
{
	u32 twin;

	seq_printf(file, "abi %u\n", TWINHYPE_ABI);
	seq_printf(file, "vendor %s\n", base_vendor == TWINHYPE_SVM ? "svm" : "vmx");
	mutex_lock(&observe_lock);
	for (twin = 0; twin < TWINHYPE_TWINS; twin++)
		seq_printf(file, "%c_identity %s\n", 'a' + twin,
			   identities[twin][0] ? identities[twin] : "none");
	mutex_unlock(&observe_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(twins);

void observe_attach(u32 twin, const char *identity)
{
	int cpu;

	mutex_lock(&observe_lock);
	strscpy(identities[twin], identity[0] ? identity : "unknown", sizeof(identities[twin]));
	mutex_unlock(&observe_lock);
	/* A new build starts to count anew. */
	for_each_possible_cpu(cpu)
		memset(&per_cpu_ptr(&cpu_states, cpu)->tags[twin], 0, sizeof(struct tag_use));
}

void observe_detach(u32 twin)
{
	mutex_lock(&observe_lock);
	identities[twin][0] = 0;
	mutex_unlock(&observe_lock);
}

void observe_start(void)
{
	u32 twin;

	for (twin = 0; twin < TWINHYPE_TWINS; twin++)
		ranges[twin] = tag_range(twin, base_vendor == TWINHYPE_SVM ? asid_count() : VPIDS);
	directory = debugfs_create_dir("twinhype", NULL);
	debugfs_create_file("twins", 0400, directory, NULL, &twins_fops);
	debugfs_create_file("tags", 0400, directory, NULL, &tags_fops);
	debugfs_create_file("cpus", 0400, directory, NULL, &cpus_fops);
}

void observe_stop(void)
{
	debugfs_remove_recursive(directory);
}
