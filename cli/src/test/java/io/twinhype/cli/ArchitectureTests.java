package io.twinhype.cli;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the one direction of dependencies between the rooms of the house (docs/architecture.md). */
final class ArchitectureTests {
    private static JavaClasses classes;

    @BeforeAll
    static void importClasses() {
        classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.twinhype");
    }

    @Test
    void dependenciesPointOneWay() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("io.twinhype..")
                .layer("kmod")
                .definedBy("io.twinhype.kmod..")
                .layer("linux")
                .definedBy("io.twinhype.linux..")
                .layer("cc")
                .definedBy("io.twinhype.cc..")
                .layer("graft")
                .definedBy("io.twinhype.graft..")
                .layer("qemu")
                .definedBy("io.twinhype.qemu..")
                .layer("twin")
                .definedBy("io.twinhype.twin..")
                .layer("install")
                .definedBy("io.twinhype.install..")
                .layer("guest")
                .definedBy("io.twinhype.guest..")
                .layer("lab")
                .definedBy("io.twinhype.lab..")
                .layer("engine")
                .definedBy("io.twinhype.engine..")
                .layer("demo")
                .definedBy("io.twinhype.demo..")
                .layer("bench")
                .definedBy("io.twinhype.bench..")
                .layer("check")
                .definedBy("io.twinhype.check..")
                .layer("soak")
                .definedBy("io.twinhype.soak..")
                .layer("cli")
                .definedBy("io.twinhype.cli..")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("demo")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("bench")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("soak")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("check")
                .mayOnlyBeAccessedByLayers("soak", "bench", "cli")
                .whereLayer("engine")
                .mayOnlyBeAccessedByLayers("demo", "bench", "cli")
                .whereLayer("lab")
                .mayOnlyBeAccessedByLayers("demo", "soak", "bench", "cli")
                .whereLayer("guest")
                .mayOnlyBeAccessedByLayers("demo", "soak", "bench", "cli")
                .whereLayer("twin")
                .mayOnlyBeAccessedByLayers("engine", "install", "demo", "soak", "bench", "cli")
                .whereLayer("kmod")
                .mayOnlyBeAccessedByLayers("lab", "guest", "twin")
                .whereLayer("install")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("graft")
                .mayOnlyBeAccessedByLayers("engine", "demo", "soak", "bench", "cli")
                .whereLayer("cc")
                .mayOnlyBeAccessedByLayers("check", "graft", "guest", "demo", "soak", "bench", "cli")
                .whereLayer("qemu")
                .mayOnlyBeAccessedByLayers("engine", "soak")
                .check(classes);
    }

    @Test
    void noCycles() {
        SlicesRuleDefinition.slices()
                .matching("io.twinhype.(*)..")
                .should()
                .beFreeOfCycles()
                .check(classes);
    }

    @Test
    void foreignFunctionsLiveInLinuxAlone() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideOutsideOfPackage("io.twinhype.linux..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker")
                .check(classes);
    }
}
