package install

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// extract unpacks what is a zip or a tar.gz by its content, as Krew tells it.
func extract(data []byte, to string) error {
	switch kind := http.DetectContentType(data); kind {
	case "application/x-gzip":
		return untar(data, to)
	case "application/zip":
		return unzip(data, to)
	default:
		return fmt.Errorf("it is neither a zip nor a tar.gz, but %s", kind)
	}
}

func untar(data []byte, to string) error {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
		case tar.TypeReg:
			if err := write(to, header.Name, header.FileInfo().Mode(), archive); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is neither a file nor a folder: Krew refuses it", header.Name)
		}
	}
}

func unzip(data []byte, to string) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	for _, entry := range archive.File {
		if entry.FileInfo().IsDir() {
			continue
		}
		content, err := entry.Open()
		if err != nil {
			return err
		}
		err = write(to, entry.Name, entry.Mode(), content)
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}

// write writes a file of an archive, which must not lie outside of the folder.
func write(folder, name string, mode fs.FileMode, content io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%s leads out of the archive: Krew refuses it", name)
	}
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close(), os.Chmod(path, mode.Perm()))
}
