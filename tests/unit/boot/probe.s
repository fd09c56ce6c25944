.code16
start:
 cli
 xor %ax,%ax
 mov %ax,%ds
 mov %ax,%es
 mov %ax,%ss
 mov $0x7c00,%sp
 mov $0x1000,%di
 mov $0xc00,%cx
 xor %eax,%eax
 rep stosl
 movw $0x2003,0x1000
 movw $0x3003,0x2000
 movw $0x83,0x3000
 mov $0x1000,%eax
 mov %eax,%cr3
 mov %cr4,%eax
 or $0x20,%al
 mov %eax,%cr4
 mov $0xc0000080,%ecx
 rdmsr
 or $0x1,%ah
 wrmsr
 lgdtl gdtptr
 mov %cr0,%eax
 or $0x80000001,%eax
 mov %eax,%cr0
 ljmp $8,$long
.code64
long:
 mov $0x8000000,%ecx
1: add %rcx,%rbx
 dec %ecx
 jnz 1b
 mov $0xf4,%dx
 mov $21,%al
 out %al,%dx
2: hlt
 jmp 2b
.balign 8
gdt: .quad 0
 .quad 0x00209a0000000000
gdtptr: .word 15
 .long gdt
