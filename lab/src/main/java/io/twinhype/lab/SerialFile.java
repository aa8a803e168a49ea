package io.twinhype.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Reads the file that Bochs writes a serial port's output to, from where it stopped reading the last time. */
final class SerialFile {
    private final Path file;
    private final OutputStream copy;
    private long position;
    private final StringBuilder line = new StringBuilder();

    /**
     * Nothing is read yet.
     *
     * @param file there once the first byte was written
     * @param copy where everything read goes
     */
    SerialFile(Path file, OutputStream copy) {
        this.file = file;
        this.copy = copy;
    }

    /** How much has been read, bytes. */
    long position() {
        return position;
    }

    /**
     * Reads and passes on what is new.
     *
     * @return the lines that are complete now, without their ends
     * @throws LabException.OutputLost if it cannot be passed on
     */
    List<String> read() throws LabException.OutputLost {
        List<String> lines = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.allocate(65536);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (channel.read(buffer.clear(), position) > 0) {
                buffer.flip();
                position += buffer.limit();
                copy.write(buffer.array(), 0, buffer.limit());
                split(buffer, lines);
            }
            copy.flush();
            return lines;
        } catch (NoSuchFileException e) {
            return lines;
        } catch (IOException e) {
            throw new LabException.OutputLost(
                    "The lab's output could not be passed on (" + e.getMessage() + "); the lab was ended.", e);
        }
    }

    private void split(ByteBuffer buffer, List<String> lines) {
        String text = StandardCharsets.ISO_8859_1.decode(buffer).toString().replace("\r", "");
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\n') {
                lines.add(line.toString());
                line.setLength(0);
            } else {
                line.append(text.charAt(i));
            }
        }
    }
}
