/* What the guest finds behind its ports and addresses. Everything is numbered, so nothing can get lost or come twice. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm.h"

static void __attribute__((noreturn)) died(struct vcpu *vcpu)
{
	const struct area *area = vcpu->area;

	if (area->fault_vector_plus_one)
		fail("exception %llu in vCPU %d at %llx; the processor pushed %llx %llx %llx",
		     (unsigned long long)area->fault_vector_plus_one - 1, vcpu->number,
		     (unsigned long long)area->fault_address, (unsigned long long)area->fault_stack[0],
		     (unsigned long long)area->fault_stack[1], (unsigned long long)area->fault_stack[2]);
	fail("vCPU %d ended with exit reason %u (linux/kvm.h), %llx", vcpu->number, vcpu->run->exit_reason,
	     (unsigned long long)vcpu->run->hw.hardware_exit_reason);
}

static void expect(struct vcpu *vcpu, const char *what, u64 expected, u64 found)
{
	if (expected != found)
		fail("vCPU %d sent %s %llu where %llu was to come", vcpu->number, what, (unsigned long long)found,
		     (unsigned long long)expected);
}

/* Two vCPUs share the port; each writes its lines in one instruction, which may come in pieces. */
static void serial(struct vcpu *vcpu, const u8 *bytes, u32 count)
{
	static char lines[MAX_VCPUS][32];
	static u64 numbers[MAX_VCPUS];
	char *line = lines[vcpu->number], expected[32];
	size_t length;

	while (count--) {
		length = strlen(line);
		if (length + 1 == sizeof(lines[0]))
			fail("vCPU %d wrote a line without end: %s", vcpu->number, line);
		line[length] = (char)*bytes++;
		line[length + 1] = '\0';
		if (line[length] != '\n')
			continue;
		numbers[vcpu->number] += 64;
		snprintf(expected, sizeof(expected), "%d %llu\n", vcpu->number,
			 (unsigned long long)numbers[vcpu->number]);
		if (strcmp(expected, line))
			fail("vCPU %d wrote %s instead of %s", vcpu->number, line, expected);
		line[0] = '\0';
	}
}

static void change(struct vcpu *vcpu, u32 number)
{
	struct machine *machine = vcpu->machine;

	expect(vcpu, "change", ++machine->changes, number);
	machine_move_slot(machine);
	if (machine->changes % 2 == 0)
		return;
	machine_disconnect(machine);
	machine_connect(machine, machine->attached_gsi == MESSAGE_GSI ? OTHER_MESSAGE_GSI : MESSAGE_GSI);
}

static u32 word(const u8 *bytes)
{
	u32 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static void port_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	u8 *data = (u8 *)run + run->io.data_offset;
	int out = run->io.direction == KVM_EXIT_IO_OUT, cpu = vcpu->number;
	u64 seed = vcpu->area->seed;
	u32 i, value;

	if (run->io.port == SERIAL_PORT && out && run->io.size == 1) {
		serial(vcpu, data, run->io.count);
	} else if (run->io.port == STREAM_OUT + cpu && out && run->io.size == 1) {
		for (i = 0; i < run->io.count; i++, vcpu->streamed_out++)
			expect(vcpu, "byte", stream_byte(seed, vcpu->streamed_out), data[i]);
	} else if (run->io.port == STREAM_IN + cpu && !out && run->io.size == 1) {
		for (i = 0; i < run->io.count; i++)
			data[i] = stream_byte(~seed, vcpu->streamed_in++);
	} else if (run->io.port == WRITE_PORT + cpu && out && run->io.size == 4 && run->io.count == 1) {
		expect(vcpu, "number", (u32)++vcpu->written, word(data));
	} else if (run->io.port == READ_PORT + cpu && !out && run->io.size == 4 && run->io.count == 1) {
		value = (u32)++vcpu->read;
		memcpy(data, &value, sizeof(value));
	} else if (run->io.port == CHANGE_PORT && out && run->io.size == 4) {
		change(vcpu, word(data));
	} else if (run->io.port == DONE_PORT && out) {
		if (vcpu->area->fault_vector_plus_one)
			died(vcpu);
		vcpu->ended = 1;
	} else {
		fail("vCPU %d %s port %x, %u times %u bytes: there is nothing", cpu, out ? "writes to" : "reads from",
		     run->io.port, run->io.count, run->io.size);
	}
}

static void mmio_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	u64 at = run->mmio.phys_addr, device = MMIO + vcpu->number * PAGE_BYTES;
	u32 value;

	if (at == device + MMIO_WRITE && run->mmio.is_write) {
		expect(vcpu, "number by MMIO", (u32)++vcpu->mmio_written, word(run->mmio.data));
	} else if (at == device + MMIO_READ && !run->mmio.is_write) {
		value = (u32)++vcpu->mmio_read;
		memcpy(run->mmio.data, &value, sizeof(value));
	} else if (at >= ROM_SLOT && at < ROM_SLOT + ROM_BYTES && run->mmio.is_write) {
		expect(vcpu, "write to read-only memory", (u32)++vcpu->rom_writes, word(run->mmio.data));
	} else {
		fail("vCPU %d %s %llx: there is nothing", vcpu->number, run->mmio.is_write ? "writes to" : "reads from",
		     (unsigned long long)at);
	}
}

void handle_exit(struct vcpu *vcpu)
{
	vcpu->exits++;
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		port_exit(vcpu);
		break;
	case KVM_EXIT_MMIO:
		mmio_exit(vcpu);
		break;
	default:
		died(vcpu);
	}
}

static void answer(int doorbell, int interrupt, u64 *rings)
{
	const u64 once = 1;
	u64 count;

	if (read(doorbell, &count, sizeof(count)) != sizeof(count))
		fail("a doorbell that rings cannot be read");
	if (count != 1)
		fail("a doorbell rang %llu times instead of once", (unsigned long long)count);
	++*rings;
	if (write(interrupt, &once, sizeof(once)) != sizeof(once))
		fail("an eventfd does not take a one");
}

void *answer_doorbells(void *argument)
{
	struct machine *machine = argument;

	while (!machine->ending) {
		struct pollfd doors[2] = {
			{ .fd = machine->doorbell, .events = POLLIN }, { .fd = machine->mmio_doorbell, .events = POLLIN },
		};

		if (poll(doors, 2, 100) <= 0)
			continue;
		if (doors[0].revents)
			answer(machine->doorbell, machine->wire, &machine->rings);
		if (doors[1].revents)
			answer(machine->mmio_doorbell, machine->message, &machine->mmio_rings);
	}
	return NULL;
}
